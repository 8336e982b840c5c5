"""Floors: the lowest readings of each cycle."""

from __future__ import annotations

from typing import Any

from hivecheck.history import Event, History
from hivecheck.measurement.floors import CYCLES, Cycle, cycles, floors, note


def reading(name: str = "gateway", pid: int = 7, started: int = 1, memory: int = 1000, **more: Any) -> dict[str, Any]:
    return {"name": name, "pid": pid, "started": started, "memory_bytes": memory, "descriptors": 5, "threads": 1, "sockets": {}} | more


def told(*readings: tuple[int, dict[str, Any]]) -> dict[tuple[str, str], tuple[float, ...]]:
    history = History()
    for number, process in readings:
        history.record(note(0.0, "node", number, [process]))
    return {(one.process, one.resource): one.values for one in floors(history)}


def test_lowest_reading_of_each_cycle() -> None:
    """The floor of a cycle is its lowest reading."""
    found = told((1, reading(memory=30)), (1, reading(memory=20)), (2, reading(memory=25)))
    assert found["gateway", "memory"] == (20, 25)


def test_sockets_come_by_state() -> None:
    """Each state is a resource of its own, and a cycle without it counts zero."""
    found = told((1, reading(sockets={"established": 2})), (2, reading(sockets={"established": 2, "close_wait": 3})))
    assert found["gateway", "sockets in state close_wait"] == (0, 3)
    assert found["gateway", "sockets in state established"] == (2, 2)


def test_started_again_is_another_process() -> None:
    """A process with the same name or the same pid that was started again has floors of its own."""
    history = History()
    for number, started in ((1, 1), (2, 1), (3, 9)):
        history.record(note(0.0, "node", number, [reading(started=started, memory=number)]))
    assert [one.values for one in floors(history) if one.resource == "memory"] == [(1, 2), (3,)]


def test_tasks_of_processes_that_report_them() -> None:
    """Tasks are a resource only where a process reports them."""
    assert ("gateway", "tasks") not in told((1, reading()))
    assert told((1, reading(tasks=4)))["gateway", "tasks"] == (4,)


def test_reading_without_a_report_does_not_count() -> None:
    """A reading in which a process did not report its tasks is no floor of them."""
    found = told((1, reading(tasks=4)), (1, reading()), (2, reading()), (3, reading(tasks=5)))
    assert found["gateway", "tasks"] == (4, 5)


def test_cycles_in_order() -> None:
    """The cycles come from their events, and other states are none."""
    history, facts = History(), {"number": 1, "requests": 9, "relayed_bytes": 0, "intended": 9, "held": None}
    history.record(Event(0.0, "state", CYCLES, {"cycle": facts}))
    history.record(Event(0.0, "state", "gateway", {"metrics": {}}))
    assert cycles(history) == [Cycle(**facts)]
    assert floors(history) == []
