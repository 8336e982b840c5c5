"""The floors of every resource of every process, from the readings in a history. Pure; `leaks.py` judges them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hivecheck.history import Event, History

CYCLES = "cycles"  # in history: the node of the events about whole cycles
MEMORY, SOCKETS = "memory", "sockets in state"
# Key of a reading -> the resource's name. Sockets come apart, by state.
COUNTS = {"descriptors": "descriptors", "threads": "threads", "tasks": "tasks", "running": "running requests"}


@dataclass(frozen=True)
class Cycle:
    """One cycle of load, drain and idle. `intended` of its `requests` ended as the load meant them to. `held` is what was not released.

    `relayed_bytes` is the size of large bodies, 0 for ordinary ones.
    """

    number: int
    requests: int
    relayed_bytes: int
    intended: int
    held: str | None


@dataclass(frozen=True)
class Floors:
    """One resource of one process: the lowest reading of each cycle, in the order of the cycles. Memory is in bytes.

    `last_cycle` is the number of the last cycle in which the process lived.
    """

    node: str
    process: str
    resource: str
    values: tuple[float, ...]
    last_cycle: int = 0


def cycles(history: History) -> list[Cycle]:
    """The cycles that ended, in their order."""
    return [Cycle(**event.data["cycle"]) for event in history.events("state", CYCLES) if "cycle" in event.data]


def floors(history: History) -> list[Floors]:
    """Of every process that lived through several cycles. A process that was started again is another one."""
    readings: dict[tuple[str, str, int, int], dict[int, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    for event in history.events("state"):
        for process in event.data.get("resources", ()):
            key = (event.node, process["name"], process["pid"], process["started"])
            readings[key][event.data["cycle_number"]].append(_amounts(process))
    return [
        Floors(node, name, resource, _lowest(by_cycle, resource), max(by_cycle))
        for (node, name, _, _), by_cycle in readings.items()
        for resource in sorted({resource for found in by_cycle.values() for amounts in found for resource in amounts})
    ]


def note(at: float, node: str, number: int, processes: list[dict[str, Any]]) -> Event:
    """The event of one reading of a node's processes, in that cycle."""
    return Event(at, "state", node, {"cycle_number": number, "resources": processes})


def _lowest(by_cycle: Mapping[int, list[dict[str, float]]], resource: str) -> tuple[float, ...]:
    # A busy process may not report its tasks in time, and that reading has no figure. A state without sockets is a figure: zero.
    none = {resource: 0.0} if resource.startswith(SOCKETS) else {}
    cycles_with_it = [
        [(none | amounts)[resource] for amounts in found if resource in none | amounts] for _, found in sorted(by_cycle.items())
    ]
    return tuple(min(values) for values in cycles_with_it if values)


def _amounts(process: Mapping[str, Any]) -> dict[str, float]:
    sockets = {f"{SOCKETS} {state}": float(count) for state, count in process["sockets"].items()}
    counts = {name: float(process[key]) for key, name in COUNTS.items() if process.get(key) is not None}
    return {MEMORY: float(process["memory_bytes"])} | counts | sockets
