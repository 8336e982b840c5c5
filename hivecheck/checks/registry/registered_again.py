"""Every service registered again in time after a restart of the registry."""

from __future__ import annotations

from collections.abc import Sequence

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted, figures, listed


def registered_again(history: History, *, registry: str, services: Sequence[str], seconds: float) -> Verdict:
    """`seconds` counts from the registry's log line `listening` to its lines `registered`, by its own time stamps."""
    acts = [event.at for event in history.acts(registry) if event.data.get("what") == "started again"]
    lines = [line for line in history.events("log", registry) if acts and line.at >= acts[-1]]
    started = [line.at for line in lines if line.data.get("event") == "listening"]
    if not started:
        actual = f"{counted(len(acts), 'restart')}, {counted(len(lines), 'log line')}"
        return inconclusive(expected=f"a restart of {registry}, and its log line `listening`", actual=actual)
    at: dict[str, float] = {}
    for line in lines:
        if line.data.get("event") == "registered":
            at.setdefault(str(line.data.get("id")), line.at - started[-1])
    late = [name for name in services if at.get(name, seconds + 1) > seconds]
    if late:
        return failed(
            expected=f"each of {listed(services)} registers within {seconds:g} s",
            actual=f"late or missing: {listed(late)}; registered after: {figures({name: f'{value:.2f} s' for name, value in at.items()})}",
        )
    return passed(f"the last service registered after {max(at[name] for name in services):.2f} s")
