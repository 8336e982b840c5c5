"""Kills of the gateway at random moments of a load."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from hivecheck.errors import ConditionTimeoutError
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.world.faults import Faults
from hivecheck.world.gateway_kills import GATEWAY, GatewayKills
from hivecheck.world.load import Load

ANSWERS = 60


@dataclass
class AnsweringStack:
    """Load and faults of a stack. Its clients get an answer at each look, until kill number `last_kill` or the end of the schedule."""

    last_kill: int = ANSWERS
    scheduled: int = 2 * ANSWERS
    is_down: bool = False
    answers: int = 0
    kills: list[int] = field(default_factory=list)  # the number of answers at each kill

    def answered(self) -> int:
        if not self.is_down and len(self.kills) < self.last_kill:
            self.answers = min(self.answers + 1, self.scheduled)
        return self.answers

    def end_of_schedule(self) -> str | None:
        return "its schedule is over" if self.answers == self.scheduled else None

    def inject(self, fault: str, target: str) -> None:
        assert target == GATEWAY and not self.is_down
        self.is_down = True
        self.kills.append(self.answers)

    def remove(self, fault: str, target: str) -> None:
        assert target == GATEWAY and self.is_down
        self.is_down = False

    def kill(self, kills: int, seed: int = 7) -> AnsweringStack:
        timeouts = Timeouts(node_ready=0.1)
        stack = cast(Stack, SimpleNamespace(timeouts=timeouts))
        GatewayKills(stack, cast(Load, self), cast(Faults, self), random.Random(seed)).carry_out(kills, ANSWERS)
        return self


def test_each_kill_comes_in_the_load() -> None:
    """Every kill comes after an answer and before the last one, and the load goes on to its number of answers."""
    ended = AnsweringStack().kill(5)
    assert len(set(ended.kills)) == 5 and ended.kills == sorted(ended.kills)
    assert ended.kills[0] > 0 and ended.kills[-1] < ANSWERS <= ended.answers
    assert not ended.is_down


def test_seed_decides_the_moments() -> None:
    """A seed repeats the moments, and another seed has others."""
    assert AnsweringStack().kill(3).kills == AnsweringStack().kill(3).kills != AnsweringStack().kill(3, seed=8).kills


def test_gateway_that_answers_no_more_fails() -> None:
    """A gateway that answers nothing after its start is wrong."""
    with pytest.raises(AssertionError, match="an answer of the gateway after its start"):
        AnsweringStack(last_kill=2).kill(3)


def test_end_of_the_schedule_gives_no_verdict() -> None:
    """A load that ends before the last kill says nothing about the gateway."""
    with pytest.raises(ConditionTimeoutError, match="its schedule is over"):
        AnsweringStack(scheduled=20).kill(5)
