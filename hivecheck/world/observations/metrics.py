"""What services measure of themselves, and what the operating system shows of a service: noted in history, judged by checks."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hivecheck.clients.control import ControlClient
from hivecheck.clients.exposition import parse
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually

GATEWAY = "orchestrator"
Page = list[tuple[str, dict[str, str], float]]


@dataclass
class Metrics:
    """`sockets` is how many the gateway had open when it was last noted."""

    stack: Stack
    history: History
    sockets: int | None = None

    def note(self) -> None:
        """The metrics of every node now, as a state in history."""
        self.history.record(Event(time.monotonic(), "state", "metrics", {"metrics": {name: self._page(name) for name in self.stack.nodes}}))

    def note_footprint(self) -> None:
        """How much memory the gateway has, and how many sockets, as the kernel says."""
        self.sockets = self._sockets()
        seen = {"memory_bytes": self._memory_bytes(), "sockets": self.sockets}
        self.history.record(Event(time.monotonic(), "state", GATEWAY, {"footprint": seen}))

    def must_show(self, worker: str, *, is_shown: bool, within: float) -> None:
        """Whether any series of the gateway has the worker as a label's value."""
        must_eventually(
            lambda: sorted({name for name, labels, _ in self._page(GATEWAY) if worker in labels.values()}),
            within=within,
            what=f"{worker} {'in' if is_shown else 'out of'} the gateway's metrics",
            until=lambda names: bool(names) is is_shown,
        )

    def must_close(self, within: float) -> None:
        """No more sockets than were noted before."""
        if self.sockets is None:
            raise InconclusiveError("The gateway's footprint was not noted before; say so in a Given.")
        before = self.sockets
        must_eventually(
            self._sockets, within=within, what=f"the gateway's {before} sockets of before, no more", until=lambda now: now <= before
        )

    def _page(self, node: str) -> Page:
        client = ControlClient(self.stack.nodes[node].url, self.stack.secrets.token)
        try:
            return [(series.name, dict(series.labels), series.value) for series in parse(client.text("/metrics"))]
        finally:
            client.close()

    def _memory_bytes(self) -> int:
        """Resident memory (proc(5): VmRSS, in kB)."""
        status = self._run(f"cat /proc/{self._pid()}/status")
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])

    def _sockets(self) -> int:
        return self._run(f"ls -l /proc/{self._pid()}/fd").count("socket:[")

    def _pid(self) -> int:
        return self.stack.nodes[GATEWAY].processes()[0].pid

    def _run(self, command: str) -> str:
        done = self.stack.nodes[GATEWAY].run(["sh", "-c", command])
        if done.exit_code:
            raise ClientError(f"{GATEWAY}: {command}: {done.output.strip()}")
        return done.output
