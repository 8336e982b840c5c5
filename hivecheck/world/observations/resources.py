"""Memory, CPU time and connections of nodes: used up on purpose, noted, and read as the operating system reports them."""

from __future__ import annotations

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hivecheck.checks.answers.answered import all_answered
from hivecheck.clients.control import ControlClient
from hivecheck.errors import ConditionTimeoutError, InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.resources.memory import kernel_kills
from hivecheck.faults.resources.oom_kill import running
from hivecheck.history import History
from hivecheck.measurement.floors import note
from hivecheck.platforms.node_program import python_command
from hivecheck.platforms.platform import EngineControl, Node, ProcessView
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.wording import counted, figures, plain
from hivecheck.world.cluster.workers import Workers
from hivecheck.world.requests.batches import Batches

MIB = 1024 * 1024
NEW_CONNECTIONS = 5
LEFT_OVER_PERIODS = 1  # a period of the kernel may have begun while the CPU limit was still there
FEW = 10
RESOURCES = Path(__file__).parent / "programs" / "process_resources.py"
READING_SECONDS = 0.1  # between two readings of an idle process
MODULE = re.compile(r"(?<= -m )[\w.]+")
FIGURES = re.compile(r"needed: [\d.]+ MiB, free: [\d.]+ of \d+ MiB")


@dataclass
class Resources:
    """`noted_kills` and `noted_memory` are by node. `large_worker` is the worker that was last started with large weights."""

    stack: Stack
    history: History
    workers: Workers
    batches: Batches
    noted_kills: dict[str, int] = field(default_factory=dict)
    noted_memory: dict[str, int] = field(default_factory=dict)
    large_worker: str = ""

    def note(self, node: str) -> None:
        """Note a node's memory usage and the kernel's count of OOM kills there."""
        self.noted_kills[node] = kernel_kills(FaultTarget.named(node, self.stack))
        self.noted_memory[node] = self._engine(node).usage().memory_bytes

    def read(self, cycle: int | None) -> str | None:
        """Record what every process of every node holds, until two readings in a row count the same or the settling budget is over.

        Without a cycle nothing is recorded.

        Returns the requests that still run by the workers' own reports, None for none.
        """
        readings: list[list[dict[str, Any]]] = []

        def is_steady() -> bool:
            # At once, because a command takes a tenth of a second in a container.
            with ThreadPoolExecutor(len(self.stack.nodes)) as pool:
                found = list(pool.map(lambda node: self._read(node, cycle), self.stack.nodes.values()))
            readings.append([process for processes in found for process in processes])
            return len(readings) > 1 and _counts(readings[-1]) == _counts(readings[-2])

        try:
            eventually(is_steady, within=self.stack.timeouts.settling, what="two equal readings of every process", every=READING_SECONDS)
        except ConditionTimeoutError:
            if not readings:  # a node did not answer in time, so there is nothing to judge
                raise
        running = {process["name"]: process["running"] for process in readings[-1] if process.get("running")}
        return f"running at workers: {figures(running)}" if running else None

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

    def _read(self, node: Node, cycle: int | None) -> list[dict[str, Any]]:
        """One reading of a node."""
        views = {view.pid: view for view in node.processes()}
        output = node.run(python_command(RESOURCES, *map(str, views))).output
        try:
            found = json.loads(output)
        except ValueError:
            raise InconclusiveError(f"expected: the resources of every process of {node.name}\nactual: {output.strip()[-500:]}") from None
        hive = self.stack.hives.get(node.name)
        workers = {view["pid"]: name for name, view in hive.workers().items() if view["managed"]} if hive else {}
        own = next(iter(views), None)
        for process in found:
            pid = process["pid"]
            process["name"] = workers.get(pid) or (node.name if pid == own else _helper(node, views[pid]))
        if cycle is not None:
            self.history.record(note(time.monotonic(), node.name, cycle, found))
        return list(found)

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


def _helper(node: Node, view: ProcessView) -> str:
    """The name of a process that is neither the node's service nor a worker."""
    module = MODULE.search(view.command)
    return f"{node.name}, {module[0].rpartition('.')[2] if module else 'helper'}"


def _counts(processes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A reading without memory, which the collector changes at any time."""
    return [{key: value for key, value in process.items() if key != "memory_bytes"} for process in processes]
