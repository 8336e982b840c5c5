"""Services that exist in the registry only: the harness plays clients of the registry, one or a hundred, good and bad ones."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hivecheck.clients.control import Reply
from hivecheck.clients.registry import RegistryClient
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually

# Addresses where nobody listens; nobody asks for their model either.
GHOST_URL = "http://127.0.0.1:9"
OTHER_URL = "http://127.0.0.1:10"
GHOST_MODEL = "model-ghost"
AT_ONCE = 25


@dataclass
class RegistryEntries:
    """`ghosts` are the registrations made here, as they were last said; `replies` what the registry answered to the last act."""

    stack: Stack
    ghosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    said_at: dict[str, float] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)

    def register(self, name: str, **changes: Any) -> Reply:
        """One registration, as `name`; remembered unless it was refused. Says it as it was last said, with `changes`."""
        said = {"id": name, "kind": "worker", "url": GHOST_URL, "epoch": time.time_ns(), "models": [GHOST_MODEL]}
        said = said | self.ghosts.get(name, {}) | changes
        reply = self.stack.registry.register(said)
        self.replies = {name: reply}
        if reply.status < 300:
            self.ghosts[name], self.said_at[name] = said, time.monotonic()
        return reply

    def begin(self, name: str) -> None:
        """A registration that must succeed before the scenario can go on."""
        reply = self.register(name)
        if reply.status != 201:
            raise InconclusiveError(f"expected: {name} registers\nactual: {reply.status} {reply.body}")
        self.before = self._shown(name)

    def register_at_once(self, count: int) -> None:
        """`count` services register at the same moment, over connections of their own."""
        epoch = time.time_ns()
        ghosts = [_ghost(number, epoch + number) for number in range(1, count + 1)]
        clients = [RegistryClient(self.stack.registry.url, self.stack.secrets.token) for _ in range(min(count, AT_ONCE))]
        with ThreadPoolExecutor(len(clients)) as pool:
            shares = [ghosts[place :: len(clients)] for place in range(len(clients))]
            told = pool.map(lambda pair: [pair[0].register(ghost) for ghost in pair[1]], zip(clients, shares, strict=True))
        replies = [reply for share in told for reply in share]
        names = [ghost["id"] for share in shares for ghost in share]
        self.replies = dict(zip(names, replies, strict=True))
        self.ghosts |= {ghost["id"]: ghost for ghost in ghosts}
        for client in clients:
            client.close()

    def register_newer(self, name: str) -> None:
        """A later incarnation of it, at the same address."""
        self.register(name, epoch=time.time_ns())

    def register_elsewhere(self, name: str) -> None:
        """Somebody at another address claims its id."""
        self.register(name, epoch=time.time_ns(), url=OTHER_URL)

    def must_be_accepted(self, status: int) -> None:
        """Every reply of the last act: 201 for a new id, 200 for a known one."""
        odd = {name: (reply.status, reply.body) for name, reply in self.replies.items() if reply.status != status}
        assert self.replies, "expected: registrations\nactual: none were made"
        assert not odd, f"expected: {status} for each of {len(self.replies)}\nactual: {odd}"

    def must_be_refused(self, code: str) -> None:
        actual = {name: (reply.status, ((reply.body or {}).get("error") or {}).get("code")) for name, reply in self.replies.items()}
        assert set(actual.values()) == {(409, code)}, f"expected: 409 {code}\nactual: {actual}"

    def must_all_be_listed(self) -> None:
        """Each once, as it was said, in the list and asked for by its id."""
        services = self.stack.registry.get("/services?status=all")["services"]
        shown = [_said(entry) for entry in services if entry["id"] in self.ghosts]
        expected = [_said(ghost) for _, ghost in sorted(self.ghosts.items())]
        assert shown == expected, f"expected: {len(expected)} registrations as they were said\nactual: {len(shown)}: {shown}"
        for name, ghost in self.ghosts.items():
            assert _said(self._shown(name)) == _said(ghost), f"expected: {ghost}\nactual: {self._shown(name)}"

    def must_all_be_known(self, within: float) -> None:
        """The orchestrator's status API shows every one of them."""

        def unknown() -> set[str]:
            return set(self.ghosts) - set(self.stack.orchestrator.workers())

        must_eventually(unknown, within=within, what="every registration known to the orchestrator", until=lambda left: not left)

    def must_be_as_before(self, name: str) -> None:
        """The last act changed nothing a router must know of: neither entry nor revision."""
        keys = ("url", "epoch", "models", "status", "registered_at", "revision")
        actual, expected = ({key: shown[key] for key in keys} for shown in (self._shown(name), self.before))
        assert actual == expected, f"expected: {name} unchanged {expected}\nactual: {actual}"

    def must_have_epoch_of_last(self, name: str) -> None:
        actual = self._shown(name)["epoch"]
        assert actual == self.ghosts[name]["epoch"], f"expected: epoch {self.ghosts[name]['epoch']}\nactual: {actual}"

    def must_expire(self, silent: str, beating: str, missed: int, within: float) -> None:
        """`silent` is offline after so many heartbeats of its stack's hives, not before; `beating` keeps its lease all the while."""
        intervals = [hive.info()["heartbeat_interval_seconds"] for hive in self.stack.hives.values()]
        least = missed * max(intervals)
        self._await(silent, beating, within=self._left(silent, within), what=f"{silent} offline", until=lambda status: status == "offline")
        silent_seconds = time.monotonic() - self.said_at[silent]
        assert silent_seconds >= least, f"expected: {silent} online for {least:g} s\nactual: offline after {silent_seconds:.2f} s"

    def must_be_removed(self, silent: str, beating: str, within: float) -> None:
        """`silent` is forgotten; `beating` is still online."""
        self._await(silent, beating, within=self._left(silent, within), what=f"{silent} removed", until=lambda status: status is None)

    def must_not_be_known(self, name: str) -> None:
        assert name not in self._statuses(), f"expected: {name} unknown to the registry\nactual: {self._shown(name)}"
        self.ghosts.pop(name, None)

    def leave(self) -> None:
        """Take back what was registered; for the end of a scenario. What cannot be told runs out by itself."""
        for name, ghost in self.ghosts.items():
            with contextlib.suppress(ClientError):
                self.stack.registry.deregister(name, int(ghost["epoch"]))
        self.ghosts.clear()

    def _await(self, silent: str, beating: str, *, within: float, what: str, until: Callable[[Any], bool]) -> None:
        def status() -> Any:
            self.stack.registry.heartbeat(beating, int(self.ghosts[beating]["epoch"]))
            return self._statuses().get(silent)

        must_eventually(status, within=within, what=what, until=until)
        kept = self._statuses().get(beating)
        assert kept == "online", f"expected: {beating}, which beats, online\nactual: {kept}"

    def _left(self, name: str, within: float) -> float:
        return max(0.0, self.said_at[name] + within - time.monotonic())

    def _statuses(self) -> dict[str, str]:
        return {name: entry["status"] for name, entry in self.stack.registry.services(status="all").items()}

    def _shown(self, name: str) -> dict[str, Any]:
        listed = self.stack.registry.get("/services?status=all")
        found = [entry for entry in listed["services"] if entry["id"] == name]
        assert found, f"expected: {name} in the registry\nactual: {[entry['id'] for entry in listed['services']]}"
        return {**found[0], "revision": listed["revision"]}


def _ghost(number: int, epoch: int) -> dict[str, Any]:
    url = f"{GHOST_URL}/workers/ghost-{number}"
    return {"id": f"worker-ghost-{number:03}", "kind": "worker", "url": url, "epoch": epoch, "models": [GHOST_MODEL]}


def _said(entry: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(entry[key] if key != "models" else tuple(entry[key]) for key in ("id", "kind", "url", "epoch", "models"))
