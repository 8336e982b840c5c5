"""Validity: a run that was late, short, overloaded or unbalanced is INVALID and says so first."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hivecheck.load import validity
from hivecheck.load.slo import Judgement
from hivecheck.load.validity import Facts

GOOD = Facts(1000, 1000, 990, 10, 0, duration_seconds=20.0, lateness_p99=0.0008, loop_lag_p99=0.002, cpu_share=0.4)
BROKEN = Judgement("ttft_p99<0.5", 0.5, 0.7, False, 990, 9)


def codes(**changes: object) -> list[str]:
    return [reason.code for reason in validity.reasons(replace(GOOD, **changes))]  # type: ignore[arg-type]


def test_valid() -> None:
    """A punctual run that adds up is valid."""
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lateness_p99": 0.0011}, validity.LATE),
        ({"lateness_p99": math.nan}, validity.LATE),
        ({"sent": 989, "done": 979}, validity.UNSENT),
        ({"loop_lag_p99": 0.011}, validity.LOOP_LAG),
        ({"cpu_share": 0.91}, validity.CPU),
        ({"open": 1}, validity.UNBALANCED),
        ({"scheduled": 0, "sent": 0, "done": 0, "failed": 0}, validity.EMPTY),
    ],
)
def test_invalid(changes: dict[str, object], code: str) -> None:
    """Each rule alone makes a run invalid."""
    assert codes(**changes) == [code]


def test_lateness_limit_by_gap() -> None:
    """The limit of lateness is 5 % of the mean gap where that is above 1 ms."""
    assert codes(scheduled=100, sent=100, done=100, failed=0, lateness_p99=0.009) == []
    assert codes(scheduled=100, sent=100, done=100, failed=0, lateness_p99=0.011) == [validity.LATE]


def test_given_lateness_limit() -> None:
    """A given limit holds for lateness and for the loop's lag."""
    assert codes(lateness_p99=0.2, loop_lag_p99=0.2, lateness_limit=0.25) == []
    assert codes(lateness_p99=0.3, loop_lag_p99=0.3, lateness_limit=0.25) == [validity.LATE, validity.LOOP_LAG]


@pytest.mark.parametrize(
    ("facts", "side", "phrase"),
    [
        (GOOD, "server", "It broke ttft_p99<0.5."),
        (replace(GOOD, cpu_share=0.99), "client", "do not describe the server"),
        (replace(GOOD, open=3), "unclear", "incomplete"),
    ],
)
def test_side(facts: Facts, side: str, phrase: str) -> None:
    """The first line says whether the figures show the client or the server."""
    found = validity.side(facts, validity.reasons(facts), (BROKEN,))
    assert found[0] == side and phrase in found[1]


def test_next_step_of_an_overloaded_client() -> None:
    """An overloaded client is told how to use more processes, and a client that lost a shard is not."""
    cases = {"local:2": replace(GOOD, cpu_share=0.99), "local:8": replace(GOOD, lateness_p99=1.0, cpu_share=0.6, processes=4)}
    for shards, facts in cases.items():
        assert f"--carriers {shards} " in validity.side(facts, validity.reasons(facts), ())[1]
    late = replace(GOOD, lateness_p99=1.0, cpu_share=0.02)
    assert "an idle machine" in validity.side(late, validity.reasons(late), ())[1], "more processes would wait for the processor, too"
    side, sentence = validity.side(GOOD, (validity.Reason(validity.SHARD_DEAD, "shard 1 died"),), ())
    assert side == "client" and "--carriers" not in sentence
