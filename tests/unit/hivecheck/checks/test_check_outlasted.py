"""Check: outlasted."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, stream, tell

from hivecheck.checks.streams.outlasted import outlasted

BROKEN: dict[str, Any] = {"finish_reason": None, "saw_done": False, "error": "cut"}


def test_a_stream_outlasts_a_limit_or_proves_nothing() -> None:
    must_say(outlasted(tell(stream()), seconds=0.5), PASSED)
    must_say(outlasted(tell(stream()), seconds=2.0), INCONCLUSIVE)
    must_say(outlasted(tell(stream(**BROKEN)), seconds=0.5), FAILED)
    must_say(outlasted(tell(chat()), seconds=0.5), INCONCLUSIVE)
