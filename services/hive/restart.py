"""Decides what follows a worker's exit: a pure state machine over consecutive crashes. It neither waits nor starts a process."""

from __future__ import annotations

import random
from dataclasses import dataclass

from services.hive.settings import RestartSettings


@dataclass(frozen=True)
class Restart:
    """Restart the worker after `after_seconds`."""

    after_seconds: float


@dataclass(frozen=True)
class StayDead:
    """The policy requires no restart."""


@dataclass(frozen=True)
class GiveUp:
    """The worker crashed too often in a row and is fatal until a reset."""


Decision = Restart | StayDead | GiveUp


@dataclass(frozen=True)
class Exit:
    """The end of one incarnation: its return code (negative: a signal) and how long it was alive, in seconds.

    `is_stopped_by_hive`: the hive stopped a useless worker, which is a failure even with return code 0.
    """

    code: int
    alive_seconds: float
    is_stopped_by_hive: bool = False

    @property
    def is_failure(self) -> bool:
        return self.code != 0 or self.is_stopped_by_hive


def decide(settings: RestartSettings, restarts_in_a_row: int, ended: Exit, jitter: random.Random) -> tuple[Decision, int]:
    """The decision and the new number of consecutive restarts."""
    if settings.policy == "never" or (settings.policy == "on-failure" and not ended.is_failure):
        return StayDead(), 0
    done = 0 if ended.alive_seconds >= settings.stable_seconds else restarts_in_a_row
    if done >= settings.max_restarts:
        return GiveUp(), done
    return Restart(_backoff_seconds(settings, done, jitter)), done + 1


def _backoff_seconds(settings: RestartSettings, restarts_in_a_row: int, jitter: random.Random) -> float:
    # The exponent is bounded, because factor ** n overflows a float.
    nominal: float = min(settings.cap_seconds, settings.base_seconds * settings.factor ** min(restarts_in_a_row, 64))
    return nominal * (1 + settings.jitter_fraction * jitter.uniform(-1, 1))
