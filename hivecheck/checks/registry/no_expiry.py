"""No lease ran out at the registry, and nobody was unconfirmed, since it was last started again."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

LOST = ("expired", "unconfirmed")


def no_expiry(history: History, *, registry: str, watched_seconds: float) -> Verdict:
    """`watched_seconds`: for how long history must go on after the start, for the silence to mean anything."""
    acts = [event.at for event in history.acts(registry) if event.data.get("what") == "started again"]
    lines = [line for line in history.events("log", registry) if acts and line.at >= acts[-1]]
    started = [line.at for line in lines if line.data.get("event") == "listening"]
    if not started:
        return inconclusive(expected=f"{registry} started again, and its log", actual=f"{len(acts)} starts, {len(lines)} lines")
    if lost := [line for line in lines if line.data.get("event") in LOST]:
        first = lost[0]
        actual = f"{len(lost)}, the first {first.data.get('id')} {first.data.get('event')} {first.at - started[0]:.2f} s after the start"
        return failed(expected="nobody expired or unconfirmed", actual=actual)
    last = max(event.at for event in history.events() if event.at >= started[0])
    if last - started[0] < watched_seconds:
        return inconclusive(expected=f"{watched_seconds:g} s of history after the start", actual=f"{last - started[0]:.2f} s")
    return passed(f"nobody lost in {last - started[0]:.1f} s")
