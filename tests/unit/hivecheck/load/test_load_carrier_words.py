"""The words for carriers, and the offset of clocks."""

from __future__ import annotations

import pytest

from hivecheck.errors import UsageError
from hivecheck.load.carriers import words
from hivecheck.load.carriers.words import Place
from hivecheck.load.clocks import Offset, Reading, offset_of


def test_places() -> None:
    """Carriers come in the order of the words. A context may be an address."""
    assert words.parse("local:2, docker:east:4,docker:unix:///run/second.sock:1") == (
        Place("local", "", 2),
        Place("docker", "east", 4),
        Place("docker", "unix:///run/second.sock", 1),
    )


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("ssh:3", "a known carrier"),
        ("", "a known carrier"),
        ("local:2,", "a known carrier"),
        ("local:0", "above 0"),
        ("docker:east:0", "above 0"),
        ("local:two", "above 0"),
        ("local", "above 0"),
        ("docker:4", "a context for docker"),
        ("local:east:4", "a context for docker"),
        ("local:200,local:100", "256"),
    ],
)
def test_bad_words(text: str, phrase: str) -> None:
    """Words that are no carriers are refused with what is expected."""
    with pytest.raises(UsageError, match=r"expected: .*\nactual: .*\nnext: ") as raised:
        words.parse(text)
    assert phrase in str(raised.value)


def test_offset_of_the_shortest_round_trip() -> None:
    """The exchange with the shortest round trip bounds the error of the offset."""
    readings = [Reading(10.0, 10.4, 510.3, 1000.0, 900.4), Reading(11.0, 11.02, 511.012, 1001.012, 901.02)]
    offset = offset_of(readings, is_same_kernel=False)
    assert (offset.monotonic, offset.wall, offset.error) == pytest.approx((500.002, 100.002, 0.01))


def test_offset_on_one_kernel() -> None:
    """Shards of one kernel share the monotonic clock, so nothing is measured."""
    assert offset_of([], is_same_kernel=True) == Offset(0.0, 0.0, 0.0)
