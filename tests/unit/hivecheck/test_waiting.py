"""Waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hivecheck.errors import ClientError, ConditionTimeoutError, SetupError
from hivecheck.waiting import consistently, eventually, eventually_all, must_eventually


def one_after_the_other(*values: Any) -> Callable[[], Any]:
    """A probe that shows (or raises) these values, and the last one for ever."""
    left = list(values)

    def probe() -> Any:
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, Exception):
            raise value
        return value

    return probe


def test_returns_accepted_value() -> None:
    """The first accepted value is returned."""
    assert eventually(one_after_the_other(0, 0, 3, 4), within=1, what="a number", every=0.0) == 3


def test_until_rule() -> None:
    """A rule decides which value is accepted."""
    assert eventually(one_after_the_other(1, None), within=1, what="nothing", until=lambda value: value is None, every=0.0) is None


def test_client_error_is_not_yet() -> None:
    """A ClientError counts as "not yet"."""
    assert eventually(one_after_the_other(ClientError("refused"), "up"), within=1, what="up", every=0.0) == "up"


def test_other_error_ends_wait() -> None:
    """Each other error ends the wait."""
    with pytest.raises(KeyError):
        eventually(one_after_the_other(KeyError("status"), "up"), within=1, what="up")


def test_probe_called_once_at_least() -> None:
    """The probe is called at least once, also without time."""
    assert eventually(lambda: "up", within=0.0, what="up") == "up"


def test_message_content() -> None:
    """The message has the expectation, the budget, the last value and the attempts."""
    with pytest.raises(
        ConditionTimeoutError, match=r"expected: worker-1 online, within 0\.05 s\nactual: 'dead' at the last of \d+ attempts"
    ):
        eventually(lambda: "dead", within=0.05, what="worker-1 online", until=lambda value: value == "online", every=0.01)


def test_message_has_client_error() -> None:
    """The message has the text of the last ClientError."""
    with pytest.raises(ConditionTimeoutError, match="actual: connection refused at the last of 1 attempt"):
        eventually(one_after_the_other(ClientError("connection refused")), within=0.0, what="up")


def test_long_value_is_cut() -> None:
    """A very long value is cut in the message."""
    with pytest.raises(ConditionTimeoutError) as caught:
        eventually(lambda: "x" * 10_000, within=0.0, what="short", until=lambda value: len(value) < 10)
    assert "(of 10002 characters)" in str(caught.value)
    assert len(str(caught.value)) < 2200


def test_gone_ends_wait() -> None:
    """The wait ends at once when the condition can no longer become true."""
    start = time.monotonic()
    with pytest.raises(SetupError, match=r"actual: the hive ended with code 2, after .* s; last value: False"):
        eventually(lambda: False, within=30, what="a hive", gone=lambda: "the hive ended with code 2", otherwise=SetupError)
    assert time.monotonic() - start < 5


def test_condition_before_death() -> None:
    """A true condition wins over a dead node."""
    assert eventually(lambda: True, within=1, what="it", gone=lambda: "dead")


def test_must_eventually_asserts() -> None:
    """A timeout of a Then is an AssertionError."""
    with pytest.raises(AssertionError, match="expected: it"):
        must_eventually(lambda: False, within=0.0, what="it")


def test_consistently_returns_last() -> None:
    """consistently() returns the last value."""
    assert consistently(one_after_the_other(1, 2, 3), times=3, what="numbers", every=0.0) == 3


def test_consistently_fails_at_once() -> None:
    """consistently() fails at the first rejected value."""
    with pytest.raises(AssertionError, match="expected: there, 5 times in a row\nactual: 0 at attempt 3"):
        consistently(one_after_the_other(1, 1, 0, 1), times=5, what="there", every=0.0)


def test_eventually_all_asks_each_item() -> None:
    """`eventually_all` returns when the probe has accepted each item, and asks an accepted item no more."""
    asked: list[str] = []

    def probe(item: str) -> bool:
        asked.append(item)
        return item == "a" or asked.count(item) == 3

    eventually_all(["a", "b"], probe, within=1, what="both")
    assert (asked.count("a"), asked.count("b")) == (1, 3)


def test_eventually_all_lists_refused_items() -> None:
    """The message of `eventually_all` lists the items that the probe refuses."""
    with pytest.raises(ConditionTimeoutError, match=r"expected: all, within 0 s\nactual: b at"):
        eventually_all(["a", "b"], "a".__eq__, within=0.0, what="all")


def test_eventually_all_retries_client_error() -> None:
    """A ClientError for one item counts as a refusal."""
    probe = one_after_the_other(ClientError("refused"), True)
    eventually_all(["a"], lambda _: probe(), within=1, what="all")
