"""What each fault of a scenario did, in one line: how it was proven and ended, and what it counted. For JUnit and `result.json`."""

from __future__ import annotations

from hivecheck.history import Event, History


def lines(history: History) -> tuple[str, ...]:
    """One line a strike, in the order of their strikes. One that was never healed says so."""
    events = history.events("fault")
    ends = [event for event in events if event.data["what"] == "healed"]
    return tuple(_line(event, _end_of(event, ends)) for event in events if event.data["what"] == "struck")


def _end_of(strike: Event, ends: list[Event]) -> Event | None:
    own = (end for end in ends if (end.node, end.data["fault"]) == (strike.node, strike.data["fault"]) and end.at >= strike.at)
    return min(own, key=lambda end: end.at, default=None)


def _line(strike: Event, end: Event | None) -> str:
    bitten = f"{strike.data['fault']} on {strike.node}: bit after {strike.data['inject_seconds']:.2f} s ({strike.data['effect']})"
    if end is None:
        return f"{bitten}; never healed"
    account = end.data.get("account", {}).get("told")
    took = f"healed {end.data['by']} in {end.data['heal_seconds']:.2f} s, {end.at - strike.at:.2f} s after it bit"
    return f"{bitten}; {took}" + (f"; in all: {account}" if account else "")
