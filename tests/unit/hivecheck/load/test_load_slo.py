"""Objectives: grammar, judgement, and the judgement of single requests."""

from __future__ import annotations

import pytest

from hivecheck.errors import UsageError
from hivecheck.load import slo
from hivecheck.load.slo import Judgement, Term
from hivecheck.measurement.histogram import Histogram

SHARES = {"error_rate": (1, 200), "integrity_rate": (195, 200), "goodput": (180, 200)}


def judged(text: str, seconds: list[float] | None = None) -> tuple[Judgement, ...]:
    latencies = {name: Histogram(seconds or []) for name in (*slo.LATENCIES, slo.MAX_STALL)}
    return slo.judge(slo.parse(text), latencies, SHARES)


def test_parse() -> None:
    """Terms are split at commas, and spaces do not matter."""
    first, second = slo.parse(" ttft_p99.9 < 0.5, goodput>=0.95")
    assert first == Term("ttft_p99.9<0.5", "ttft", 99.9, "<", 0.5)
    assert second == Term("goodput>=0.95", "goodput", 100, ">=", 0.95)
    assert slo.parse("") == ()


FORM = r"expected: .*\nactual: .*\nnext: "


@pytest.mark.parametrize("metric", slo.LATENCIES)
@pytest.mark.parametrize("quantile", slo.PERCENTS)
def test_latency_terms(metric: str, quantile: str) -> None:
    """Each latency goes with each percentile."""
    assert slo.parse(f"{metric}_{quantile}<=1")[0].percent == slo.PERCENTS[quantile]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("ttft<0.5", "a known term"),
        ("ttft_p98<0.5", "_p99.9"),
        ("latency_p99<0.5", "ttft|ttfot|itl"),
        ("ttft_p99=0.5", "NAME<NUMBER"),
        ("ttft_p99<", "NAME<NUMBER"),
        ("ttft_p99<0.5,", "an empty term"),
        ("ttft_p99>0.5", "turn the comparison"),
        ("goodput<0.5", "turn the comparison"),
        ("ttft_p99<500ms", "without a unit"),
        ("ttft_p99<-1", "0 or more"),
        ("ttft_p99<inf", "0 or more"),
        ("error_rate<5", "a share from 0 to 1"),
        ("goodput>=95%", "a share from 0 to 1"),
        ("error_rate<0.1,error_rate<=0.2", "keep the stricter one"),
    ],
)
def test_bad_terms(text: str, phrase: str) -> None:
    """A bad term gives a message that says what is accepted."""
    with pytest.raises(UsageError, match=FORM) as error:
        slo.parse(text)
    assert phrase in str(error.value)


def test_judge_latency() -> None:
    """A percentile is compared with its limit, with the number of samples and of those above."""
    seconds = [number / 1000 for number in range(1, 101)]
    broken, kept = judged("ttft_p95<0.09,ttft_p50<0.051", seconds)
    assert (broken.passed, broken.samples, broken.samples_above) == (False, 100, 5)
    assert broken.actual == pytest.approx(0.095, rel=1e-3)
    assert kept.passed and kept.samples_above == 50


def test_judge_shares() -> None:
    """Shares are those of the schedule."""
    assert [(one.actual, one.passed) for one in judged("error_rate<0.01,integrity_rate>=0.98,goodput>=0.9")] == [
        (0.005, True),
        (0.975, False),
        (0.9, True),
    ]


def test_no_data_is_no_pass() -> None:
    """A term without a sample does not pass."""
    assert [(one.actual, one.passed, one.samples) for one in judged("ttft_p99<10,max_stall<9")] == [(None, False, 0)] * 2
    empty = slo.judge(slo.parse("goodput>=0,error_rate<=1"), {}, {"goodput": (0, 0), "error_rate": (0, 0)})
    assert [one.passed for one in empty] == [False, False]


def test_request_within() -> None:
    """One request is judged by its own figures, and by the percentile of its own gaps."""
    terms = slo.parse("ttft_p99<0.5,itl_p50<0.05,max_stall<1,error_rate<0.5")
    assert slo.is_within(terms, {"ttft": 0.4, "max_stall": 0.2}, [0.01, 0.02, 0.2])
    assert not slo.is_within(terms, {"ttft": 0.5, "max_stall": 0.2}, [0.01])
    assert not slo.is_within(terms, {"ttft": 0.4, "max_stall": 0.2}, [0.01, 0.06, 0.07])
    assert not slo.is_within(terms, {"ttft": 0.4, "max_stall": 1.0}, [0.01])
