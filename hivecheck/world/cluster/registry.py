"""The registry: services that the harness registers itself, and what the registry lists after a restart."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.registry.no_expiry import no_expiry
from hivecheck.checks.registry.registered_again import registered_again
from hivecheck.clients.control import Reply
from hivecheck.clients.registry import RegistryClient
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import consistently, eventually, must_eventually
from hivecheck.wording import figures, listed
from hivecheck.world.checker import Checker

REGISTRY = "registry"
# Nothing listens at these addresses, and no client requests this model.
GHOST_URL = "http://127.0.0.1:9"
OTHER_URL = "http://127.0.0.1:10"
GHOST_MODEL, SECOND_MODEL = "model-ghost", "model-ghost-large"
FILTERS = ("kind", "model", "hive")
CONNECTIONS = 25
LOOKS = 3
SWEEPS_SECONDS = 0.6  # more than two sweeps of a registry at its default interval of 0.25 s
NEWER_EPOCH, OTHER_ADDRESS = " with a newer epoch", " with a newer epoch and another address"
# What the registry answers to a registration: status and error code.
OUTCOMES = {"accepted as new": (201, None), "accepted as known": (200, None), "refused as a conflict": (409, "conflict")}
UNCHANGED, UPDATED = "unchanged", "updated"


@dataclass
class Registry:
    """`ghosts` are the accepted registrations of the harness, `replies` the registry's answers to the last step that registered.

    `sent_at` and `accepted_at` are the times before and after these registrations. Their leases begin in between.
    `before` is an entry as it was first registered. `counted` is the registry's number of registrations before these registrations.
    """

    stack: Stack
    history: History
    checker: Checker
    ghosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    accepted_at: dict[str, float] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    counted: int = 0

    def register(self, name: str, **changes: Any) -> Reply:
        """Register a service as it was registered last, with `changes`. A refused registration is forgotten."""
        sent = {"id": name, "kind": "worker", "url": GHOST_URL, "epoch": time.time_ns(), "models": [GHOST_MODEL]}
        sent = sent | self.ghosts.get(name, {}) | changes
        self.counted = self._registrations()
        sent_at = time.monotonic()
        reply = self.stack.registry.register(sent)
        self.replies = {name: reply}
        if reply.status < 300:
            self.ghosts[name], self.sent_at[name], self.accepted_at[name] = sent, sent_at, time.monotonic()
        return reply

    def begin(self, name: str) -> None:
        """Register a service of the first hive. Raises InconclusiveError when the registry does not accept it as new."""
        # The hive goes on with its heartbeats, and they must not renew the lease of a silent service.
        reply = self.register(name, hive=min(self.stack.hives))
        if reply.status != 201:
            raise InconclusiveError(f"expected: {name} registers\nactual: {reply.sentence()}")
        self.before = self._entry(name)

    def register_at_once(self, count: int) -> None:
        """Services register at the same moment, over several connections."""
        epoch = time.time_ns()
        hive = min(self.stack.hives)
        ghosts = [_ghost(number, epoch + number, hive) for number in range(1, count + 1)]
        self.counted = self._registrations()
        clients = [RegistryClient(self.stack.registry.url, self.stack.secrets.token) for _ in range(min(count, CONNECTIONS))]
        with ThreadPoolExecutor(len(clients)) as pool:
            # Several connections, because requests on one keep-alive connection would reach the registry one after the other.
            shares = [ghosts[place :: len(clients)] for place in range(len(clients))]
            answers = pool.map(lambda pair: [pair[0].register(ghost) for ghost in pair[1]], zip(clients, shares, strict=True))
        replies = [reply for share in answers for reply in share]
        names = [ghost["id"] for share in shares for ghost in share]
        self.replies = dict(zip(names, replies, strict=True))
        self.ghosts |= {ghost["id"]: ghost for ghost in ghosts}
        for client in clients:
            client.close()

    def register_again(self, name: str, change: str = "") -> None:
        """Register a service again, unchanged or with `NEWER_EPOCH` or `OTHER_ADDRESS`."""
        changes: dict[str, dict[str, Any]] = {
            "": {},
            NEWER_EPOCH: {"epoch": time.time_ns()},
            OTHER_ADDRESS: {"epoch": time.time_ns(), "url": OTHER_URL},
        }
        self.register(name, **changes[change])

    def must_have_answered(self, outcome: str) -> None:
        """Each answer to the last step that registered has this outcome. The registry counted each accepted registration once."""
        status, code = OUTCOMES[outcome]
        actual = {name: (reply.status, ((reply.body or {}).get("error") or {}).get("code")) for name, reply in self.replies.items()}
        unexpected = {name: answer for name, answer in actual.items() if answer != (status, code)}
        assert actual, "expected: registrations\nactual: none"
        assert not unexpected, f"expected: every answer {status}, code {code}\nactual: {figures(unexpected)}"
        accepted, counted = sum(reply.status < 300 for reply in self.replies.values()), self._registrations() - self.counted
        assert counted == accepted, f"expected: registrations_total grows by {accepted}\nactual: by {counted}"

    def must_list_all(self) -> None:
        """The registry lists each registered service once and as it was registered, in its list and by id."""
        services = self.stack.registry.get("/services?status=all")["services"]
        report = [_facts(entry) for entry in services if entry["id"] in self.ghosts]
        expected = [_facts(ghost) for _, ghost in sorted(self.ghosts.items())]
        assert report == expected, f"expected: the registrations as they were sent, {_text(expected)}\nactual: {_text(report)}"
        for name, ghost in self.ghosts.items():
            assert _facts(self._entry(name)) == _facts(ghost), f"expected: {figures(ghost)}\nactual: {figures(self._entry(name))}"
        self._must_filter(services)

    def must_be_known_to_gateway(self, within: float) -> None:
        """The gateway's status API shows every registered service."""

        def unknown() -> set[str]:
            return set(self.ghosts) - set(self.stack.orchestrator.workers())

        must_eventually(unknown, within=within, what="every registered service in the status API", until=lambda left: not left)

    def must_be(self, change: str, name: str) -> None:
        """The registration is `UNCHANGED` in all that the gateway reads, or `UPDATED` to the epoch that was sent last."""
        changes = {UNCHANGED: self._must_be_unchanged, UPDATED: self._must_have_epoch_of_last}
        changes[change](name)

    def must_lose_lease(self, silent: str, missed: int, beating: str, within: float) -> None:
        """`silent` is offline after so many missed heartbeats, or removed (0). `beating` sends heartbeats and stays online."""
        if missed:
            self._must_expire(silent, missed, beating, within)
        else:
            self._await(silent, beating, within=self._left(silent, within), what=f"{silent} removed", until=lambda status: status is None)

    def must_not_know(self, name: str, within: float) -> None:
        """The registry has no entry of that id, online or offline."""
        must_eventually(self._statuses, within=within, what=f"{name} unknown to the registry", until=lambda known: name not in known)
        self.ghosts.pop(name, None)

    def must_list_declared(self, within: float) -> None:
        """The online workers are exactly the declared ones, several looks in a row."""
        expected = sorted(self.stack.topology.workers())

        def online() -> list[str]:
            return sorted(self.stack.registry.workers())

        what = f"the registry lists {listed(expected)}"
        must_eventually(online, within=within, what=what, until=lambda names: names == expected)
        consistently(online, times=LOOKS, what=what, holds=lambda names: names == expected)

    def must_not_have_expired(self) -> None:
        """No lease has expired since the registry was started again, over some sweeps."""
        answered = self.history.acts(REGISTRY)[-1].at
        what = "some sweeps of the registry"
        eventually(lambda: time.monotonic() - answered > SWEEPS_SECONDS, within=2 * SWEEPS_SECONDS, what=what)
        self.history.act("harness", "has watched the registry")
        self.checker.must(no_expiry, registry=REGISTRY, watched_seconds=SWEEPS_SECONDS)

    def must_hear_of_all(self, within: float) -> None:
        """Every declared hive and worker registers again with the restarted registry. The budget counts from its first answer."""
        services = sorted([*self.stack.topology.workers(), *self.stack.hives])
        self.checker.must(registered_again, registry=REGISTRY, services=services, seconds=within)

    def leave(self) -> None:
        """For the end of a scenario: deregister every service. One that cannot be deregistered expires."""
        for name, ghost in self.ghosts.items():
            with contextlib.suppress(ClientError):
                # The registry deletes an entry only for its current epoch, and answers 409 to an older one.
                self.stack.registry.deregister(name, int(ghost["epoch"]))
        self.ghosts.clear()

    def _must_be_unchanged(self, name: str) -> None:
        keys = ("url", "epoch", "models", "status", "registered_at", "revision")
        actual, expected = ({key: report[key] for key in keys} for report in (self._entry(name), self.before))
        assert actual == expected, f"expected: {name} unchanged, {figures(expected)}\nactual: {figures(actual)}"

    def _must_have_epoch_of_last(self, name: str) -> None:
        actual = self._entry(name)["epoch"]
        assert actual == self.ghosts[name]["epoch"], f"expected: epoch {self.ghosts[name]['epoch']}\nactual: {actual}"

    def _must_filter(self, services: list[dict[str, Any]]) -> None:
        """Each filter of the list, and each pair of filters, selects exactly the services with these values."""
        # Of any status, because a lease can expire between two lists.
        entries = [{**entry, "model": model} for entry in services for model in entry["models"] or [None]]
        for names in (*itertools.combinations(FILTERS, 1), *itertools.combinations(FILTERS, 2)):
            for wanted in {tuple((name, entry[name]) for name in names) for entry in entries if all(entry[name] for name in names)}:
                expected = sorted({entry["id"] for entry in entries if _has(entry, wanted)})
                actual = sorted(self.stack.registry.services(status="all", **dict(wanted)))
                assert actual == expected, f"expected: {listed(expected)} for {figures(dict(wanted))}\nactual: {listed(actual)}"

    def _registrations(self) -> int:
        return int(self.stack.registry.stats()["registrations_total"])

    def _must_expire(self, silent: str, missed: int, beating: str, within: float) -> None:
        intervals = [hive.info()["heartbeat_interval_seconds"] for hive in self.stack.hives.values()]
        # The lower limit counts as much as the upper one: an expiry after one lost heartbeat ejects healthy workers.
        least = missed * max(intervals)
        self._await(silent, beating, within=self._left(silent, within), what=f"{silent} offline", until=lambda status: status == "offline")
        silent_seconds = time.monotonic() - self.sent_at[silent]
        assert silent_seconds >= least, f"expected: {silent} online for {least:g} s\nactual: offline after {silent_seconds:.2f} s"

    def _await(self, silent: str, beating: str, *, within: float, what: str, until: Callable[[Any], bool]) -> None:
        def status() -> Any:
            self.stack.registry.heartbeat(beating, int(self.ghosts[beating]["epoch"]))
            return self._statuses().get(silent)

        must_eventually(status, within=within, what=what, until=until)
        kept = self._statuses().get(beating)
        assert kept == "online", f"expected: {beating}, which sends heartbeats, online\nactual: {kept}"

    def _left(self, name: str, within: float) -> float:
        return max(0.0, self.accepted_at[name] + within - time.monotonic())

    def _statuses(self) -> dict[str, str]:
        return {name: entry["status"] for name, entry in self.stack.registry.services(status="all").items()}

    def _entry(self, name: str) -> dict[str, Any]:
        report = self.stack.registry.get("/services?status=all")
        found = [entry for entry in report["services"] if entry["id"] == name]
        assert found, f"expected: {name} in the registry\nactual: {listed(entry['id'] for entry in report['services'])}"
        return {**found[0], "revision": report["revision"]}


def _ghost(number: int, epoch: int, hive: str) -> dict[str, Any]:
    """Every second ghost has a second model, and every third one no hive, so that each filter of the list has something to leave out."""
    url = f"{GHOST_URL}/workers/ghost-{number}"
    models = [GHOST_MODEL] if number % 2 else [GHOST_MODEL, SECOND_MODEL]
    ghost = {"id": f"worker-ghost-{number:03}", "kind": "worker", "url": url, "epoch": epoch, "models": models}
    return ghost if number % 3 == 0 else ghost | {"hive": hive}


def _has(entry: Mapping[str, Any], wanted: tuple[tuple[str, str], ...]) -> bool:
    return all(entry[name] == value for name, value in wanted)


def _facts(entry: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(entry[key] if key != "models" else tuple(entry[key]) for key in ("id", "kind", "url", "epoch", "models"))


def _text(registrations: list[tuple[Any, ...]]) -> str:
    return "; ".join(map(listed, registrations)) or "none"
