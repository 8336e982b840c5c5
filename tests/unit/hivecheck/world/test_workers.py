"""The pronouns of workers."""

from __future__ import annotations

from typing import cast

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.log_tail import LogTail
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.workers import SERVING, THAT, Workers


class QuietTail:
    """A stack whose nodes write nothing."""

    def journal_lines(self) -> list[Event]:
        return []

    def log_lines(self) -> list[Event]:
        return []


def workers(*events: Event) -> Workers:
    """The workers of a scenario with this history."""
    history = History()
    for event in events:
        history.record(event)
    return Workers(cast(Stack, None), history, Checker(history, cast(LogTail, QuietTail()), Timeouts(), lambda purpose: None))


def line(at: float, worker: str, event: str = "arrival", request: str = "r1") -> Event:
    return Event(at, "journal", worker, {"event": event, "pid": 7, "n": 1, "request_id": request})


KILL = Event(2.0, "act", "worker-1", {"what": "killed", "is_worker": True})


@pytest.mark.parametrize("selector", ["worker-1", "the workers", "orchestrator", ""])
def test_name_is_itself(selector: str) -> None:
    """A word that is no pronoun stays as it is."""
    assert workers().called(selector) == selector


@pytest.mark.parametrize("pronoun", [THAT, SERVING])
def test_pronoun_without_worker(pronoun: str) -> None:
    """A pronoun needs an earlier fact, so it gives no verdict without one."""
    with pytest.raises(InconclusiveError):
        workers().called(pronoun)


def test_pronouns_after_kill() -> None:
    """After a SIGKILL, one pronoun means the killed worker and the other the worker of the second attempt."""
    scenario = workers(line(1.0, "worker-1"), KILL, line(3.0, "worker-2"))
    assert scenario.called(THAT) == "worker-1"
    assert scenario.called(SERVING) == "worker-2"


def test_killed_worker_serves_nothing() -> None:
    """A killed worker does not serve a request that ended at another worker, although its journal has no end of it."""
    with pytest.raises(InconclusiveError):
        workers(line(1.0, "worker-1"), KILL, line(3.0, "worker-2"), line(4.0, "worker-2", "end")).called(SERVING)
