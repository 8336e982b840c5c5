"""Check: whole_streams."""

from __future__ import annotations

from load_run_stories import LATE, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.whole_streams import whole_streams


def test_integrity_rate() -> None:
    """All streams whole pass, and one broken stream of a thousand fails with its cause."""
    must_say(whole_streams(tell(load_run())), PASSED, "100 streams")
    one = load_run(integrity_rate=0.999, totals={"causes": {"no [DONE]": 1}})
    must_say(whole_streams(tell(one)), FAILED, "99.900%", "1 x no [DONE]")
    must_say(whole_streams(tell(load_run(integrity_rate=0.0))), FAILED)


def test_without_verdict() -> None:
    """A load without a stream and a late client prove nothing."""
    must_say(whole_streams(tell(load_run(integrity_rate=None))), INCONCLUSIVE)
    must_say(whole_streams(tell(load_run(reasons=(LATE,), integrity_rate=0.5))), INCONCLUSIVE)
