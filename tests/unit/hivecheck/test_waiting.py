"""Waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hivecheck.errors import ClientError, ConditionTimeoutError, SetupError
from hivecheck.waiting import consistently, eventually, must_eventually


def one_after_the_other(*values: Any) -> Callable[[], Any]:
    """A probe that shows (or raises) these values, and the last one for ever."""
    left = list(values)

    def probe() -> Any:
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, Exception):
            raise value
        return value

    return probe


def test_the_first_accepted_value_comes_back() -> None:
    assert eventually(one_after_the_other(0, 0, 3, 4), within=1, what="a number", every=0.0) == 3


def test_a_value_may_be_accepted_by_a_rule() -> None:
    assert eventually(one_after_the_other(1, None), within=1, what="nothing", until=lambda value: value is None, every=0.0) is None


def test_a_client_error_counts_as_not_yet() -> None:
    assert eventually(one_after_the_other(ClientError("refused"), "up"), within=1, what="up", every=0.0) == "up"


def test_any_other_error_ends_the_wait() -> None:
    with pytest.raises(KeyError):
        eventually(one_after_the_other(KeyError("status"), "up"), within=1, what="up")


def test_the_probe_is_called_even_when_there_is_no_time() -> None:
    assert eventually(lambda: "up", within=0.0, what="up") == "up"


def test_the_message_has_what_was_wanted_the_budget_the_last_value_and_the_attempts() -> None:
    with pytest.raises(
        ConditionTimeoutError, match=r"expected: worker-1 online, within 0\.05 s\nactual: 'dead' at the last of \d+ attempts"
    ):
        eventually(lambda: "dead", within=0.05, what="worker-1 online", until=lambda value: value == "online", every=0.01)


def test_the_message_has_the_last_client_error_in_its_own_words() -> None:
    with pytest.raises(ConditionTimeoutError, match="actual: connection refused at the last of 1 attempts"):
        eventually(one_after_the_other(ClientError("connection refused")), within=0.0, what="up")


def test_a_very_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(ConditionTimeoutError) as caught:
        eventually(lambda: "x" * 10_000, within=0.0, what="short", until=lambda value: len(value) < 10)
    assert "(10002 characters)" in str(caught.value)
    assert len(str(caught.value)) < 2200


def test_waiting_ends_at_once_when_it_has_become_pointless() -> None:
    start = time.monotonic()
    with pytest.raises(SetupError, match=r"actual: the hive ended with code 2, after .* s; last value: False"):
        eventually(lambda: False, within=30, what="a hive", gone=lambda: "the hive ended with code 2", otherwise=SetupError)
    assert time.monotonic() - start < 5


def test_a_condition_that_holds_outweighs_a_death() -> None:
    assert eventually(lambda: True, within=1, what="it", gone=lambda: "dead")


def test_a_then_that_waits_in_vain_is_an_assertion() -> None:
    with pytest.raises(AssertionError, match="expected: it"):
        must_eventually(lambda: False, within=0.0, what="it")


def test_consistently_returns_the_last_value() -> None:
    assert consistently(one_after_the_other(1, 2, 3), times=3, what="numbers", every=0.0) == 3


def test_consistently_fails_at_the_first_value_that_does_not_hold() -> None:
    with pytest.raises(AssertionError, match="expected: there, 5 times in a row\nactual: 0 at attempt 3"):
        consistently(one_after_the_other(1, 1, 0, 1), times=5, what="there", every=0.0)
