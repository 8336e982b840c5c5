"""Check: no growth."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, must_say, state, tell

from hivecheck.checks.recovery.no_growth import MIN_PASSED_BYTES, no_growth
from hivecheck.history import History
from hivecheck.verdict import Verdict

MIB = 1024 * 1024


def story(*memory_mib: float) -> History:
    return tell(*(state("orchestrator", resource_usage={"memory_bytes": int(size * MIB)}) for size in memory_mib))


def judged(history: History, passed_bytes: int = MIN_PASSED_BYTES) -> Verdict:
    return no_growth(history, node="orchestrator", passed_bytes=passed_bytes, share=0.25)


def test_stable_memory_passes() -> None:
    """Memory that stays nearly the same passes."""
    must_say(judged(story(50, 53)), PASSED, "3.0 MiB, and 16.0 MiB")


def test_growing_memory_fails() -> None:
    """Memory that grows with the traffic fails."""
    must_say(judged(story(50, 58)), FAILED, "8.0 MiB, and 16.0 MiB")


def test_too_little_data_is_inconclusive() -> None:
    """A single note, or too little traffic, gives no verdict."""
    must_say(judged(story(50)), INCONCLUSIVE)
    must_say(judged(story(50, 50), MIN_PASSED_BYTES - 1), INCONCLUSIVE)
