"""Every service was registered in full within its time after the registry listened again."""

from __future__ import annotations

from collections.abc import Sequence

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def registered_again(history: History, *, registry: str, services: Sequence[str], seconds: float) -> Verdict:
    """Counted from the registry's log line `listening` to its lines `registered`, by its own stamps."""
    acts = [event.at for event in history.acts(registry) if event.data.get("what") == "started again"]
    lines = [line for line in history.events("log", registry) if acts and line.at >= acts[-1]]
    started = [line.at for line in lines if line.data.get("event") == "listening"]
    if not started:
        return inconclusive(expected=f"{registry} started again, and its log", actual=f"{len(acts)} starts, {len(lines)} lines")
    at: dict[str, float] = {}
    for line in lines:
        if line.data.get("event") == "registered":
            at.setdefault(str(line.data.get("id")), line.at - started[-1])
    late = {name: at.get(name) for name in services if at.get(name, seconds + 1) > seconds}
    if late:
        return failed(expected=f"each of {list(services)} registered within {seconds:g} s", actual=f"{late} of {at}")
    return passed(f"the last registered after {max(at[name] for name in services):.2f} s")
