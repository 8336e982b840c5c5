"""The words of a person: arrivals and traces, and the messages about bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivecheck.errors import UsageError
from hivecheck.load import profiles, trace_file
from hivecheck.load.schedule import Arrivals, Segment

HEADER = trace_file.HEADER

FORM = r"expected: .*\nactual: .*\nnext: "


@pytest.mark.parametrize(
    ("words", "rate", "made"),
    [
        ("constant", 50.0, Arrivals((Segment(10, 50, 50),))),
        ("poisson", 50.0, Arrivals((Segment(10, 50, 50),), 1.0)),
        ("gamma:2", 50.0, Arrivals((Segment(10, 50, 50),), 2.0)),
        ("ramp:10-100", None, Arrivals((Segment(10, 10, 100),))),
        ("steps:10,50.5", None, Arrivals((Segment(5, 10, 10), Segment(5, 50.5, 50.5)))),
        ("spike:200@3+2", 20.0, Arrivals((Segment(3, 20, 20), Segment(2, 200, 200), Segment(5, 20, 20)))),
        ("spike:200@0+10", 20.0, Arrivals((Segment(10, 200, 200),))),
    ],
)
def test_arrivals(words: str, rate: float | None, made: Arrivals) -> None:
    """Each form gives its profile."""
    assert profiles.arrivals(words, rate, 10) == made


@pytest.mark.parametrize(
    ("words", "rate", "phrase"),
    [
        ("bursty", 5.0, "poisson (random arrivals"),
        ("gamma", 5.0, "gamma:CV"),
        ("gamma:0", 5.0, "gamma:CV"),
        ("gamma:-1", 5.0, "gamma:CV"),
        ("poisson:3", 5.0, "use one of"),
        ("ramp:10", None, "ramp:FROM-TO"),
        ("ramp:0-0", None, "a rate above 0"),
        ("ramp:1-2", 5.0, "omit --rate"),
        ("steps:1,,2", None, "steps:RATE"),
        ("poisson", None, "add --rate"),
        ("spike:9@8+5", 5.0, "a spike within the 10 s"),
        ("spike:9@8+0", 5.0, "a spike within the 10 s"),
    ],
)
def test_bad_arrivals(words: str, rate: float | None, phrase: str) -> None:
    """Bad words give a message that says what is accepted."""
    with pytest.raises(UsageError, match=FORM) as error:
        profiles.arrivals(words, rate, 10)
    assert phrase in str(error.value)


def parsed(*lines: str, duration: float | None = None) -> list[float | None]:
    return [turn.at for turn in trace_file.parse("\n".join(lines), "t.jsonl", duration).turns]


def test_trace() -> None:
    """A trace has a header and a request per line. Empty lines are no requests."""
    lines = (HEADER, '{"at": 0, "input_tokens": 5, "conversation": "a"}', "", '{"think": 1, "input_tokens": 5, "conversation": "a"}')
    assert parsed(*lines) == [0.0, None]


def test_trace_window() -> None:
    """The window of the rates reaches a mean gap beyond the last request, or is the given duration."""
    lines = "\n".join([HEADER, *(f'{{"at": {at}, "input_tokens": 5}}' for at in range(5))])
    assert trace_file.parse(lines, "t", None).duration_seconds == 5.0
    assert trace_file.parse(lines, "t", 3.0).duration_seconds == 3.0


def test_trace_is_cut_between_conversations() -> None:
    """The duration leaves out conversations that begin later, and cuts none that began before."""
    lines = (
        HEADER,
        '{"at": 0, "input_tokens": 5, "conversation": "a"}',
        '{"at": 7, "input_tokens": 5, "conversation": "b"}',
        '{"think": 30, "input_tokens": 5, "conversation": "a"}',
        '{"think": 1, "input_tokens": 5, "conversation": "b"}',
    )
    assert parsed(*lines, duration=5.0) == [0.0, None]


@pytest.mark.parametrize(
    ("lines", "place", "phrase"),
    [
        ((), "t.jsonl:1", "an empty file"),
        (('{"at": 0}',), "t.jsonl:1", "begin the file with"),
        (('{"format": 2, "cumulative": false}',), "t.jsonl:1", "format 2"),
        ((HEADER,), "t.jsonl:1", "at least one request"),
        ((HEADER, "nonsense"), "t.jsonl:2", "one JSON object a line"),
        ((HEADER, '{"at": 0, "tokens": 5}'), "t.jsonl:2", "input_tokens"),
        ((HEADER, '{"at": 0, "input_tokens": 0}'), "t.jsonl:2", "input_tokens of 1 or more"),
        ((HEADER, '{"at": -1, "input_tokens": 3}'), "t.jsonl:2", "at of 0 or more"),
        ((HEADER, "", '{"input_tokens": 3}'), "t.jsonl:3", "`at` in the first line"),
        ((HEADER, '{"input_tokens": 3, "conversation": "a"}'), "t.jsonl:2", "`at` in the first line"),
        ((HEADER, *2 * ('{"at": 0, "input_tokens": 3, "conversation": "a"}',)), "t.jsonl:3", "a second `at`"),
        (
            (
                '{"format": 1, "cumulative": true}',
                '{"at": 0, "input_tokens": 9, "output_tokens": 5, "conversation": "a"}',
                '{"think": 0, "input_tokens": 12, "conversation": "a"}',
            ),
            "t.jsonl:3",
            "leaves -2",
        ),
    ],
)
def test_bad_trace(lines: tuple[str, ...], place: str, phrase: str) -> None:
    """A message about a bad trace has the line and what is accepted there."""
    with pytest.raises(UsageError, match=FORM) as error:
        parsed(*lines)
    assert place in str(error.value) and phrase in str(error.value)


def test_missing_trace(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match=r"none\.jsonl"):
        trace_file.read(tmp_path / "none.jsonl")
