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
    """The verdict on a stream whose tokens were under way for so many seconds each."""
    emitted = [every * place for place in range(len(seconds))]
    tokens = tuple(Token(at + way, f"t{place} ") for place, (at, way) in enumerate(zip(emitted, seconds, strict=True)))
    told = stream(tokens=tokens)
    return paced_stream(tell(told, served(told, emitted=emitted)), lag_seconds=LAG_SECONDS)


def test_tokens_at_the_worker_s_pace_pass() -> None:
    must_say(travelled([0.01, 0.02, 0.01, 0.03]), PASSED)


def test_a_slow_way_that_is_the_same_for_all_passes() -> None:
    must_say(travelled([1.0, 1.0, 1.0, 1.0]), PASSED)


def test_a_buffered_stream_fails() -> None:
    must_say(travelled([0.3, 0.2, 0.1, 0.0]), FAILED, "token 0 came 0.300 s late")


def test_one_token_that_is_held_back_fails_by_its_number() -> None:
    must_say(travelled([0.0, 0.0, 0.06, 0.0]), FAILED, "token 2")


def test_an_emission_too_short_to_tell_is_inconclusive() -> None:
    must_say(travelled([0.0, 0.0, 0.0], every=0.05), INCONCLUSIVE, "0.100 s")


def test_emission_times_of_only_some_tokens_are_inconclusive() -> None:
    told = stream(count=3)
    must_say(paced_stream(tell(told, served(told, emitted=[0.0, 0.5])), lag_seconds=LAG_SECONDS), INCONCLUSIVE, "2 for r1")


def test_a_stream_without_journal_lines_is_inconclusive() -> None:
    told = stream()
    must_say(paced_stream(tell(told, arrival(told)), lag_seconds=LAG_SECONDS), INCONCLUSIVE, "0 for r1")


def test_no_stream_is_inconclusive() -> None:
    must_say(paced_stream(tell(chat()), lag_seconds=LAG_SECONDS), INCONCLUSIVE)


@given(st.lists(st.floats(0.0, 0.049), min_size=5, max_size=20))
def test_no_jitter_below_the_lag_ever_fails(ways: list[float]) -> None:
    must_say(travelled(ways), PASSED)
