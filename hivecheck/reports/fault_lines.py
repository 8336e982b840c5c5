"""One line for each fault of a scenario: its effect, its removal and its statistics. For JUnit and `result.json`."""

from __future__ import annotations

from hivecheck.history import Event, History


def lines(history: History) -> tuple[str, ...]:
    """One line for each injection, in the order of the injections. The line of a fault that was never removed states it."""
    events = history.events("fault")
    ends = [event for event in events if event.data["what"] == "removed"]
    return tuple(_line(event, _end_of(event, ends)) for event in events if event.data["what"] == "injected")


def _end_of(injection: Event, ends: list[Event]) -> Event | None:
    # The first removal after the injection, because a scenario may inject the same fault into the same target twice.
    own = (end for end in ends if (end.node, end.data["fault"]) == (injection.node, injection.data["fault"]) and end.at >= injection.at)
    return min(own, key=lambda end: end.at, default=None)


def _line(injection: Event, end: Event | None) -> str:
    seconds, effect = injection.data["inject_seconds"], injection.data["effect"]
    injected = f"{injection.data['fault']} on {injection.node}: effect after {seconds:.2f} s ({effect})"
    if end is None:
        return f"{injected}, never removed"
    stats = end.data.get("stats", {}).get("description")
    removed = f"removed {end.data['by']} in {end.data['heal_seconds']:.2f} s, {end.at - injection.at:.2f} s after the effect"
    return f"{injected}, {removed}" + (f", in all {stats}" if stats else "")
