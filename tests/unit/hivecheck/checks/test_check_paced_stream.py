"""Check: paced stream. The worker emits a token every 0.1 s; a token may be 0.05 s late."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, served, stream, tell

from hivecheck.checks.streams.paced_stream import paced_stream
from hivecheck.history import Token
from hivecheck.verdict import Verdict

LAG_SECONDS = 0.05


def travelled(seconds: Sequence[float], every: float = 0.1) -> Verdict:
    """The verdict on a stream with this travel time in seconds for each token."""
    emitted = [every * place for place in range(len(seconds))]
    tokens = tuple(Token(at + way, f"t{place} ") for place, (at, way) in enumerate(zip(emitted, seconds, strict=True)))
    request = stream(tokens=tokens)
    return paced_stream(tell(request, served(request, emitted=emitted)), lag_seconds=LAG_SECONDS)


def test_worker_pace_passes() -> None:
    """Tokens at the worker's pace pass."""
    must_say(travelled([0.01, 0.02, 0.01, 0.03]), PASSED)


def test_constant_delay_passes() -> None:
    """A long delay that is the same for all tokens passes."""
    must_say(travelled([1.0, 1.0, 1.0, 1.0]), PASSED)


def test_buffered_stream_fails() -> None:
    """A stream that arrives at once fails."""
    must_say(travelled([0.3, 0.2, 0.1, 0.0]), FAILED, "token 0 was 0.300 s late")


def test_late_token_fails() -> None:
    """One late token fails by its number."""
    must_say(travelled([0.0, 0.0, 0.06, 0.0]), FAILED, "token 2")


def test_short_emission_is_inconclusive() -> None:
    """A stream that the worker emits too fast gives no verdict."""
    must_say(travelled([0.0, 0.0, 0.0], every=0.05), INCONCLUSIVE, "0.100 s")


def test_missing_emission_times_are_inconclusive() -> None:
    """Emission times of only some tokens give no verdict."""
    request = stream(count=3)
    must_say(
        paced_stream(tell(request, served(request, emitted=[0.0, 0.5])), lag_seconds=LAG_SECONDS), INCONCLUSIVE, "2 emission times for r1"
    )


def test_no_end_is_inconclusive() -> None:
    """A stream without an end in a journal gives no verdict."""
    request = stream()
    must_say(paced_stream(tell(request, arrival(request)), lag_seconds=LAG_SECONDS), INCONCLUSIVE, "0 emission times for r1")


def test_no_stream_is_inconclusive() -> None:
    """A scenario without streams gives no verdict."""
    must_say(paced_stream(tell(chat()), lag_seconds=LAG_SECONDS), INCONCLUSIVE)


@given(st.lists(st.floats(0.0, 0.049), min_size=5, max_size=20))
def test_jitter_below_the_lag_passes(ways: list[float]) -> None:
    """Jitter below the lag never fails."""
    must_say(travelled(ways), PASSED)
