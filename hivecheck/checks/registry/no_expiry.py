"""Since its last restart the registry expired no lease and marked no service as unconfirmed."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted

LOST = ("expired", "unconfirmed")  # events of the registry's log


def no_expiry(history: History, *, registry: str, watched_seconds: float) -> Verdict:
    """`watched_seconds`: how long history must continue after the start. A shorter history cannot show an expiry."""
    acts = [event.at for event in history.acts(registry) if event.data.get("what") == "started again"]
    lines = [line for line in history.events("log", registry) if acts and line.at >= acts[-1]]
    started = [line.at for line in lines if line.data.get("event") == "listening"]
    if not started:
        actual = f"{counted(len(acts), 'restart')}, {counted(len(lines), 'log line')}"
        return inconclusive(expected=f"a restart of {registry}, and its log line `listening`", actual=actual)
    if lost := [line for line in lines if line.data.get("event") in LOST]:
        first = lost[0]
        what = f"{first.data.get('id')} {first.data.get('event')} {first.at - started[0]:.2f} s after the restart"
        actual = f"{counted(len(lost), 'log line')}; the first is {what}"
        return failed(expected="the registry loses no service after its restart", actual=actual)
    last = max(event.at for event in history.events() if event.at >= started[0])
    if last - started[0] < watched_seconds:
        return no_room(expected=f"{watched_seconds:g} s of history after the restart", actual=f"{last - started[0]:.2f} s")
    return passed(f"no service lost in {last - started[0]:.1f} s")
