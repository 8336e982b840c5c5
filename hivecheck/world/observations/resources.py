"""Memory, processor time and connections of nodes: filled, noted, and looked at as the operating system shows them."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hivecheck.checks.answers.answered import all_answered
from hivecheck.clients.control import ControlClient
from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.resources.memory import kernel_kills
from hivecheck.faults.resources.oom_kill import running
from hivecheck.platforms.platform import EngineControl
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually
from hivecheck.world.cluster.workers import Workers
from hivecheck.world.requests.batches import Batches

KIB_PER_MIB = 1024
MIB = 1024 * 1024
STEADY_BYTES = 32 * MIB  # what page cache and restarts add; less than what an exhaustion takes before the kernel ends it
NEWCOMERS = 5
LEFT_OVER_PERIODS = 1  # of the kernel's, that may have begun while the limit was still there
FEW = 10
NUMBERS = re.compile(r"needed: [\d.]+ MiB, free: [\d.]+ of \d+ MiB")


@dataclass
class Resources:
    """`noted_kills` and `noted_memory` are by node, from before something was done to it; `heavy` is the worker that was started last."""

    stack: Stack
    workers: Workers
    batches: Batches
    noted_kills: dict[str, int] = field(default_factory=dict)
    noted_memory: dict[str, int] = field(default_factory=dict)
    heavy: str = ""

    def note(self, node: str) -> None:
        """What a node's memory is, and how often the kernel has killed there for want of it."""
        self.noted_kills[node] = kernel_kills(FaultTarget.named(node, self.stack))
        self.noted_memory[node] = self._engine(node).usage().memory_bytes

    def start_heavy(self, worker: str, model: str, hive: str, mib: int) -> None:
        """Have a hive start a worker whose model takes so much memory; returns before it is loaded."""
        self.heavy = worker
        self.stack.hives[hive].start_worker(worker, [model], ["--set", f"weights_mib={mib}"])

    def fill(self, worker: str, percent: int) -> None:
        """A worker's own memory is full up to that share of its `memory_mib`, as the kernel counts it."""
        node, pid = self.stack.node_of(worker)
        command = node.run(["cat", f"/proc/{pid}/cmdline"]).output
        limit = re.search(r"(?<!\w)memory_mib=(\d+)", command)
        if not limit:
            raise InconclusiveError(f"expected: {worker} with a limit of memory\nactual: {command}")
        expected = int(limit[1]) * percent // 100
        client = ControlClient(node.url, self.stack.secrets.token)
        body = {
            "model": self.stack.registry.workers()[worker]["models"][0],
            "messages": [{"role": "user", "content": "keep"}],
            "max_tokens": 1,
        }
        order = {"X-Simulate": f"fault=allocate:{expected - self._resident_mib(worker)}"}
        client.ask("POST", f"/workers/{worker}/v1/chat/completions", body=body, headers=order)
        client.close()
        actual = self._resident_mib(worker)
        if abs(actual - expected) > 2:
            raise InconclusiveError(f"expected: {worker} fills {expected} MiB\nactual: {actual} MiB")

    def must_have_been_killed(self, hive: str, within: float) -> None:
        """The kernel has killed for want of memory there since it was noted, by its own count."""
        before, node = self.noted_kills[hive], FaultTarget.named(hive, self.stack)
        must_eventually(
            lambda: before if running(node.engine.commands(), self.heavy) else kernel_kills(node),
            within=within,
            what=f"the kernel kills for want of memory at {hive} (before: {before})",
            until=lambda count: count > before,
        )

    def must_be_free(self, node: str, within: float) -> None:
        """It uses no more than when it was noted."""
        most = self.noted_memory[node] + STEADY_BYTES
        must_eventually(
            lambda: self._engine(node).usage().memory_bytes,
            within=within,
            what=f"{node} uses {most // MIB} MiB or less",
            until=lambda used: used <= most,
        )

    def must_run_freely(self, node: str, model: str) -> None:
        """A few chats are answered, and the kernel does not hold the node back meanwhile."""
        before = self._engine(node).throttled_periods()
        self.batches.send(model, FEW)
        self.batches.must(all_answered, count=FEW)
        periods = self._engine(node).throttled_periods() - before
        assert periods <= LEFT_OVER_PERIODS, f"expected: {node} held back by nobody\nactual: the kernel held it back in {periods} periods"

    def must_turn_away(self, node: str, within: float) -> None:
        """Newcomers are told 503 and that the connection closes, and it does, each of them in time."""
        for number in range(1, NEWCOMERS + 1):
            begun = time.monotonic()
            said = self._knock(node, within)
            seconds = time.monotonic() - begun
            head = said.partition(b"\r\n\r\n")[0].decode(errors="replace").lower()
            told = head.startswith("http/1.1 503") and "connection: close" in head
            assert told and seconds <= within, (
                f"expected: newcomer {number} told 503 and close within {within:g} s\nactual: {said!r} in {seconds:.2f} s"
            )

    def must_tell_numbers(self) -> None:
        """Each refusal of the last wave says what was needed and what was free."""
        told = [str(call.operation.error_object().get("message")) for call in self.batches.last]
        assert told and all(NUMBERS.search(text) for text in told), f"expected: how much is needed and how much is free\nactual: {told}"

    def _knock(self, node: str, within: float) -> bytes:
        """All that a node says to a newcomer until it closes; what came by then when it does not in time."""
        address = urlsplit(self.stack.nodes[node].url)
        said = b""
        try:
            with socket.create_connection((address.hostname, address.port), within) as connection:
                connection.settimeout(within)
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: newcomer\r\n\r\n")
                while piece := connection.recv(4096):
                    said += piece
        except OSError as error:
            return said or str(error).encode()
        return said

    def _resident_mib(self, worker: str) -> int:
        node, pid = self.stack.node_of(worker)
        lines = node.run(["cat", f"/proc/{pid}/status"]).output.splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // KIB_PER_MIB

    def _engine(self, name: str) -> EngineControl:
        return FaultTarget.named(name, self.stack).engine
