"""The only way to wait: for a condition, within a named budget, with the last value in the message. The only blocking sleep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from hivecheck.errors import ClientError, ConditionTimeoutError
from hivecheck.wording import counted, figures, listed

T = TypeVar("T")
Item = TypeVar("Item")

EVERY_SECONDS = 0.02


def eventually(
    probe: Callable[[], T],
    *,
    within: float,
    what: str,
    until: Callable[[T], object] = bool,
    gone: Callable[[], str | None] = lambda: None,
    otherwise: type[Exception] = ConditionTimeoutError,
    every: float = EVERY_SECONDS,
) -> T:
    """Call `probe` until `until` accepts its value, and return that value.

    `within` and `every` are seconds. `gone` gives the reason why waiting is pointless, such as a dead node, or None.
    A ClientError of the probe counts as "not yet". Raises `otherwise` after the budget: AssertionError in a Then.
    """
    start = time.monotonic()
    attempts = 0
    while True:
        attempts += 1
        last: object
        try:
            value = probe()
            if until(value):
                return value
            last = value
        except ClientError as error:
            last = error
        # After the probe, so a probe that takes longer than the budget still has one result before the wait gives up.
        waited = time.monotonic() - start
        if reason := gone():
            raise otherwise(f"expected: {what}\nactual: {reason}, after {waited:.2f} s; last value: {_value_text(last)}")
        if waited >= within:
            raise otherwise(
                f"expected: {what}, within {within:g} s\nactual: {_value_text(last)} at the last of {counted(attempts, 'attempt')}"
            )
        time.sleep(min(every, max(0.0, within - waited)))  # noqa: TID251 - the one place


def must_eventually(
    probe: Callable[[], T],
    *,
    within: float,
    what: str,
    until: Callable[[T], object] = bool,
    gone: Callable[[], str | None] = lambda: None,
    every: float = EVERY_SECONDS,
) -> T:
    """`eventually` for a promise of the system under test: after the budget, the system is wrong."""
    return eventually(probe, within=within, what=what, until=until, gone=gone, otherwise=AssertionError, every=every)


def eventually_all(
    items: Iterable[Item], probe: Callable[[Item], object], *, within: float, what: str, otherwise: type[Exception] = ConditionTimeoutError
) -> None:
    """Wait until `probe` accepts each item. One budget holds for all of them, and the message lists the items that it refuses."""
    left = list(items)

    def refused() -> list[Item]:
        # In place, so that an accepted item is not asked again and a ClientError for one item keeps the others.
        for item in tuple(left):
            if probe(item):
                left.remove(item)
        return left

    eventually(refused, within=within, what=what, until=lambda found: not found, otherwise=otherwise)


def consistently(probe: Callable[[], T], *, times: int, what: str, holds: Callable[[T], object] = bool, every: float = EVERY_SECONDS) -> T:
    """Demand that `holds` accepts the probe's value `times` in a row. Raises AssertionError at the first that it refuses."""
    for attempt in range(1, times + 1):
        value = probe()
        assert holds(value), f"expected: {what}, {times} times in a row\nactual: {_value_text(value)} at attempt {attempt}"
        if attempt < times:
            time.sleep(every)  # noqa: TID251 - the one place
    return value


def _value_text(value: object) -> str:
    # Any other value keeps its quotes, so that an empty text stays visible.
    text = str(value) if isinstance(value, Exception) else repr(value)
    if isinstance(value, Mapping):
        text = figures(value)
    elif isinstance(value, list | tuple | set | frozenset):
        text = listed([value])
    return text if len(text) <= 2000 else f"{text[:2000]}... (of {counted(len(text), 'character')})"
