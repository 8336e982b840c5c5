"""Every stream took longer than a limit that is not meant for streams that live."""

from __future__ import annotations

from hivecheck.checks.facts import streams
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def outlasted(history: History, *, seconds: float) -> Verdict:
    """One that came to its end before proves nothing."""
    told = streams(history)
    if cut := [stream for stream in told if not stream.is_answered]:
        return failed(expected="every stream whole", actual=cut[0].sentence())
    if not told or any(stream.seconds <= seconds for stream in told):
        return inconclusive(
            expected=f"streams that take longer than {seconds:g} s", actual=f"{[round(stream.seconds, 2) for stream in told]}"
        )
    return passed(f"{len(told)} streams, each longer than {seconds:g} s")
