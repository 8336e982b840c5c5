"""Which check stands behind a phrase of a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from hivecheck.errors import UsageError
from hivecheck.verdict import Verdict
from hivecheck.world.checker import Checker
from hivecheck.world.requests.batches import Batches
from hivecheck.world.requests.expectations import (
    AT_ONE_WORKER,
    AWAY,
    EVERY_STREAM,
    HIVE,
    KILLED_STREAMS,
    LATENCIES,
    OF_BATCH,
    TIERS,
    Expectations,
)

Judged = tuple[str, dict[str, Any]]
WORKERS = {"worker-1": ("model-a",)}


class Recorder:
    """Takes the place of the checker, and of the batches: keeps the checks that it is asked for, and judges nothing."""

    def __init__(self, name: str, judged: list[Judged]) -> None:
        self.name = name
        self.judged = judged

    def must(self, check: Callable[..., Verdict], **limits: Any) -> None:
        self.judged.append((f"{self.name}:{check.__name__}", limits))

    def must_be_answered(self, answered: int | None) -> None:
        self.judged.append((f"{self.name}:answered", {"answered": answered}))


def judged_by(expect: Callable[[Expectations], None]) -> list[Judged]:
    """The checks that an expectation asks for."""
    judged: list[Judged] = []
    expect(Expectations(cast(Checker, Recorder("all", judged)), cast(Batches, Recorder("batch", judged)), lambda: WORKERS))
    return judged


@pytest.mark.parametrize(
    ("expect", "judged"),
    [
        (lambda one: one.must_be_answered("", 3), ("all:all_answered", {"count": 3})),
        (lambda one: one.must_be_answered(OF_BATCH, None), ("batch:answered", {"answered": None})),
        (lambda one: one.must_take_one_attempt(""), ("all:not_sent_again", {"workers": WORKERS, "is_alone": False})),
        (lambda one: one.must_take_one_attempt(AT_ONE_WORKER), ("all:not_sent_again", {"workers": WORKERS, "is_alone": True})),
        (lambda one: one.must_take_one_attempt(OF_BATCH), ("batch:one_attempt_each", {})),
        (lambda one: one.must_take_one_attempt(" sent after the kill"), ("all:one_attempt_after", {"what": "killed"})),
        (lambda one: one.must_break_off(EVERY_STREAM, "draining"), ("all:broken_stream", {"code": "draining"})),
        (lambda one: one.must_break_off(KILLED_STREAMS, None), ("all:unaffected", {"what": "killed"})),
        (lambda one: one.must_be_traced(HIVE, {"w": "h"}), ("all:relayed", {"hives": {"w": "h"}})),
        (lambda one: one.must_be_traced(TIERS, {}), ("all:correlation", {"hives": {}, "orchestrator": "orchestrator"})),
        (lambda one: one.must_receive_nothing("the workers"), ("all:nothing_upstream", {"workers": WORKERS})),
        (lambda one: one.must_receive_nothing("worker-1"), ("all:spared", {"worker": "worker-1", "workers": WORKERS})),
        (lambda one: one.must_handle_at_once(4, OF_BATCH), ("batch:at_once", {"limit": 4})),
        (lambda one: one.must_handle_at_once(1, ""), ("all:queueing", {"slots": 1})),
        (lambda one: one.must_move_only(AWAY), ("all:only_lost_sessions_moved", {"what": "killed"})),
        (lambda one: one.must_move_only("worker-9"), ("all:moved_to_new_worker", {"new_worker": "worker-9"})),
    ],
)
def test_phrase_chooses_check(expect: Callable[[Expectations], None], judged: Judged) -> None:
    """Each phrase stands for one check with its limits, over the whole scenario or over the last batch."""
    assert judged_by(expect) == [judged]


@pytest.mark.parametrize("latency", LATENCIES)
def test_latency_limit(latency: str) -> None:
    """Each latency is judged by its own check, which gets the budget as its only limit."""
    [(_, limits)] = judged_by(lambda one: one.must_be_within(latency, 0.5))
    assert list(limits.values()) == [0.5]


def test_killed_streams_take_no_event() -> None:
    """The error event of a killed worker's streams cannot be judged, so a step that names one is refused."""
    with pytest.raises(UsageError, match="cannot be judged"):
        judged_by(lambda one: one.must_break_off(KILLED_STREAMS, "draining"))
