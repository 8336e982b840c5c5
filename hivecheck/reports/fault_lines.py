"""What each fault of a scenario did, in one line: how it was proven and ended, and what it counted. For JUnit and `result.json`."""

from __future__ import annotations

from hivecheck.history import Event, History


def lines(history: History) -> tuple[str, ...]:
    """One line a strike, in the order of their strikes. One that was never healed says so."""
    events = history.events("fault")
    ends = [event for event in events if event.data["what"] == "removed"]
    return tuple(_line(event, _end_of(event, ends)) for event in events if event.data["what"] == "injected")


def _end_of(injection: Event, ends: list[Event]) -> Event | None:
    own = (end for end in ends if (end.node, end.data["fault"]) == (injection.node, injection.data["fault"]) and end.at >= injection.at)
    return min(own, key=lambda end: end.at, default=None)


def _line(injection: Event, end: Event | None) -> str:
    bitten = (
        f"{injection.data['fault']} on {injection.node}: bit after {injection.data['inject_seconds']:.2f} s ({injection.data['effect']})"
    )
    if end is None:
        return f"{bitten}; never healed"
    account = end.data.get("stats", {}).get("description")
    took = f"healed {end.data['by']} in {end.data['heal_seconds']:.2f} s, {end.at - injection.at:.2f} s after it bit"
    return f"{bitten}; {took}" + (f"; in all: {account}" if account else "")
