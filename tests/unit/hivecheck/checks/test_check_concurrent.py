"""Check: concurrent. It has no FAILED: the client, not the system under test, decides how many requests are open."""

from __future__ import annotations

from load_run_stories import load_run
from stories import INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.concurrent import concurrent


def test_open_requests() -> None:
    """Enough open requests pass. Fewer, or no load, give no verdict."""
    must_say(concurrent(tell(load_run()), at_least=50), PASSED, "50 open")
    must_say(concurrent(tell(load_run()), at_least=51), INCONCLUSIVE, "at most 50")
    must_say(concurrent(tell(), at_least=1), INCONCLUSIVE)
