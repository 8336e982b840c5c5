"""Check: added first token."""

from __future__ import annotations

from collections.abc import Sequence

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, end, must_say, stream, tell

from hivecheck.checks.streams.added_first_token import DIRECT, MIN_STREAMS, added_first_token
from hivecheck.history import Event, History, Operation, Token


def streamed(number: int, way: float, purpose: str) -> list[Operation | list[Event]]:
    """A stream with 0.1 s at the worker and `way` s on the path there and back."""
    at = 10.0 * number
    arrived = tuple(Token(at + 0.1 + way + place, f"t{place} ") for place in range(3))
    request = stream(number, started_at=at, tokens=arrived, purpose=purpose)
    return [request, [arrival(request, at=at + way / 2), end(request, emitted=[at + way / 2 + 0.1 + place for place in range(3)])]]


def story(through: Sequence[float], direct: Sequence[float]) -> History:
    request = [streamed(number, each, "chat") for number, each in enumerate(through, 1)]
    request += [streamed(number, each, DIRECT) for number, each in enumerate(direct, 101)]
    return tell(*(item for items in request for item in items))


ENOUGH = MIN_STREAMS + 1  # the first one does not count


def test_small_addition_passes() -> None:
    """A small addition to the quicker streams passes, whatever the first and the delayed streams took."""
    disturbed = [0.2] * (MIN_STREAMS // 2)
    history = story([0.5, *disturbed, *[0.004] * (MIN_STREAMS // 2)], [0.3, *[0.002] * MIN_STREAMS])
    must_say(added_first_token(history, seconds=0.005), PASSED, "2.00 ms: through the gateway lower quartile 4.00 ms", "worst 200.00 ms")


def test_common_delay_cancels_out() -> None:
    """A delay on both paths cancels out."""
    must_say(added_first_token(story([0.021] * ENOUGH, [0.02] * ENOUGH), seconds=0.005), PASSED, "1.00 ms")


def test_large_addition_fails() -> None:
    """A large addition to every stream fails."""
    must_say(added_first_token(story([0.044] * ENOUGH, [0.002] * ENOUGH), seconds=0.005), FAILED, "42.00 ms")


def test_too_few_streams_are_inconclusive() -> None:
    """Too few streams, or a stream without a journal, give no verdict."""
    must_say(added_first_token(story([0.002] * MIN_STREAMS, [0.002] * ENOUGH), seconds=0.005), INCONCLUSIVE)
    must_say(added_first_token(story([0.002] * ENOUGH, []), seconds=0.005), INCONCLUSIVE)
    history = story([0.002] * ENOUGH, [0.002] * ENOUGH)
    history.record(stream(99, started_at=5000.0))
    must_say(added_first_token(history, seconds=0.005), INCONCLUSIVE, "1 of them without")
