"""The line of each fault of a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hivecheck.history import Event, History
from hivecheck.reports import fault_lines
from hivecheck.reports.junit import write
from hivecheck.reports.result import Outcome, Planned, RunResult, Status


def event(at: float, what: str, **data: Any) -> Event:
    return Event(at, "fault", "hive-1", {"what": what, "fault": "a partition from all nodes", **data})


def lines(*events: Event) -> tuple[str, ...]:
    history = History()
    for each in events:
        history.record(each)
    return fault_lines.lines(history)


INJECTED = event(1.0, "injected", effect="3 dropped", inject_seconds=0.25)
REMOVED = event(4.0, "removed", by="on demand", heal_seconds=0.5, stats={"description": "9 dropped"})


def test_line_of_injection() -> None:
    """A line has the effect of an injection, its removal and its statistics."""
    line = "a partition from all nodes on hive-1: effect after 0.25 s (3 dropped), removed on demand in 0.50 s, 3.00 s after the effect"
    assert lines(INJECTED, REMOVED) == (f"{line}, in all 9 dropped",)


def test_line_without_removal() -> None:
    """Each injection has its own removal, and a line without one states it."""
    first, second = lines(INJECTED, REMOVED, event(5.0, "injected", effect="1 dropped", inject_seconds=0.1))
    assert first.endswith("9 dropped")
    assert second.endswith("(1 dropped), never removed")


def test_junit_property(tmp_path: Path) -> None:
    """The line is a property of the test case."""
    planned = Planned("features/chaos/x.feature:3", "RandomFaults", "A cut", "features/chaos/x.feature", 3)
    outcome = Outcome(planned, Status.PASSED, faults=lines(INJECTED, REMOVED))
    write(RunResult("r1", 7, "docker", "reference", (outcome,), (), None, None, properties={}), tmp_path / "junit.xml")
    assert '<property name="fault" value="a partition from all nodes on hive-1' in (tmp_path / "junit.xml").read_text()
