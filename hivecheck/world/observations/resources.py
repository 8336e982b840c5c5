"""Memory, CPU time and connections of nodes: used up on purpose, noted, and read as the operating system reports them."""

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
from hivecheck.wording import counted, plain
from hivecheck.world.cluster.workers import Workers
from hivecheck.world.requests.batches import Batches

MIB = 1024 * 1024
NEW_CONNECTIONS = 5
LEFT_OVER_PERIODS = 1  # a period of the kernel may have begun while the CPU limit was still there
FEW = 10
FIGURES = re.compile(r"needed: [\d.]+ MiB, free: [\d.]+ of \d+ MiB")


@dataclass
class Resources:
    """`noted_kills` and `noted_memory` are by node. `large_worker` is the worker that was last started with large weights."""

    stack: Stack
    workers: Workers
    batches: Batches
    noted_kills: dict[str, int] = field(default_factory=dict)
    noted_memory: dict[str, int] = field(default_factory=dict)
    large_worker: str = ""

    def note(self, node: str) -> None:
        """Note a node's memory usage and the kernel's count of OOM kills there."""
        self.noted_kills[node] = kernel_kills(FaultTarget.named(node, self.stack))
        self.noted_memory[node] = self._engine(node).usage().memory_bytes

    def start_large(self, worker: str, model: str, hive: str, mib: int) -> None:
        """Have a hive start a worker with weights of that size. Returns before they are loaded."""
        self.large_worker = worker
        self.stack.hives[hive].start_worker(worker, [model], ["--set", f"weights_mib={mib}"])

    def fill(self, worker: str, percent: int) -> None:
        """Have a worker allocate memory up to that share of its `memory_mib`, as the kernel counts it."""
        node, pid = self.stack.node_of(worker)
        command = node.run(["cat", f"/proc/{pid}/cmdline"]).output
        limit = re.search(r"(?<!\w)memory_mib=(\d+)", command)
        if not limit:
            raise InconclusiveError(f"expected: {worker} with a memory limit\nactual: {command}")
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
        # Measured, not assumed: a worker that refuses the chat allocates nothing.
        actual = self._resident_mib(worker)
        if abs(actual - expected) > 2:
            raise InconclusiveError(f"expected: {worker} fills {expected} MiB\nactual: {actual} MiB")

    def must_have_been_killed(self, hive: str, within: float) -> None:
        """The kernel has OOM-killed a process there since the count was noted."""
        before, node = self.noted_kills[hive], FaultTarget.named(hive, self.stack)
        must_eventually(
            lambda: before if running(node.engine.commands(), self.large_worker) else kernel_kills(node),
            within=within,
            what=f"the kernel OOM-kills a process of {hive} (count before: {before})",
            until=lambda count: count > before,
        )

    def must_be_free(self, node: str, mib: int, within: float) -> None:
        """The node soon uses at most so many MiB more than noted. Page cache and restarts add some."""
        most = self.noted_memory[node] + mib * MIB
        must_eventually(
            lambda: self._engine(node).usage().memory_bytes,
            within=within,
            what=f"{node} uses {most // MIB} MiB or less",
            until=lambda used: used <= most,
        )

    def must_run_freely(self, node: str, model: str) -> None:
        """A few chats are answered, and the kernel does not throttle the node meanwhile."""
        before = self._engine(node).throttled_periods()
        self.batches.send(model, FEW)
        self.batches.must(all_answered, count=FEW)
        periods = self._engine(node).throttled_periods() - before
        assert periods <= LEFT_OVER_PERIODS, (
            f"expected: {node} runs without throttling\nactual: the kernel throttled it in {counted(periods, 'period', 'periods')}"
        )

    def must_reject_connections(self, node: str, within: float) -> None:
        """Each new connection soon receives a 503 response with `Connection: close`, and the node closes it."""
        for number in range(1, NEW_CONNECTIONS + 1):
            begun = time.monotonic()
            response = self._connect(node, within)
            seconds = time.monotonic() - begun
            head = response.partition(b"\r\n\r\n")[0].decode(errors="replace").lower()
            is_rejected = head.startswith("http/1.1 503") and "connection: close" in head
            assert is_rejected and seconds <= within, (
                f"expected: a 503 response and a closed connection within {within:g} s\n"
                f"actual: {plain(response)}, in {seconds:.2f} s, at connection {number} of {NEW_CONNECTIONS}"
            )

    def must_state_figures(self) -> None:
        """Each refusal of the last batch states the needed and the free memory."""
        messages = [str(call.operation.error_object().get("message")) for call in self.batches.last]
        is_stated = messages and all(FIGURES.search(message) for message in messages)
        assert is_stated, f"expected: the needed and the free memory in each refusal\nactual: {'; '.join(messages) or 'none'}"

    def _connect(self, node: str, within: float) -> bytes:
        """Everything that a node sends over a new connection until it closes it, or until the time is over."""
        address = urlsplit(self.stack.nodes[node].url)
        response = b""
        try:
            with socket.create_connection((address.hostname, address.port), within) as connection:
                connection.settimeout(within)
                # A raw socket: an HTTP client stops reading at the end of the response and does not show the close.
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: new\r\n\r\n")
                while piece := connection.recv(4096):
                    response += piece
        except OSError as error:
            return response or str(error).encode()
        return response

    def _resident_mib(self, worker: str) -> int:
        node, pid = self.stack.node_of(worker)
        return node.memory(pid).resident_bytes // MIB

    def _engine(self, name: str) -> EngineControl:
        return FaultTarget.named(name, self.stack).engine
