"""What to do when a worker has exited: a pure state machine over the crashes in a row. It waits for nothing and starts nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass

from services.hive.settings import RestartSettings


@dataclass(frozen=True)
class Restart:
    """Start it again after `after_seconds`."""

    after_seconds: float


@dataclass(frozen=True)
class StayDead:
    """The policy does not ask for a restart."""


@dataclass(frozen=True)
class GiveUp:
    """It crashed too often in a row: fatal until someone resets it."""


Decision = Restart | StayDead | GiveUp


@dataclass(frozen=True)
class Exit:
    """How one incarnation ended: its return code (negative: a signal) and for how long it had been alive, in seconds.

    `is_condemned`: we ended it because it was of no use, so a good return code says nothing.
    """

    code: int
    alive_seconds: float
    is_condemned: bool = False

    @property
    def is_failure(self) -> bool:
        return self.code != 0 or self.is_condemned


def decide(settings: RestartSettings, restarts_in_a_row: int, ended: Exit, jitter: random.Random) -> tuple[Decision, int]:
    """The decision and the new count of restarts in a row."""
    if settings.policy == "never" or (settings.policy == "on-failure" and not ended.is_failure):
        return StayDead(), 0
    done = 0 if ended.alive_seconds >= settings.stable_seconds else restarts_in_a_row
    if done >= settings.max_restarts:
        return GiveUp(), done
    return Restart(_backoff_seconds(settings, done, jitter)), done + 1


def _backoff_seconds(settings: RestartSettings, restarts_in_a_row: int, jitter: random.Random) -> float:
    # Bounded exponent: factor ** n overflows a float long before anybody waits that long.
    nominal: float = min(settings.cap_seconds, settings.base_seconds * settings.factor ** min(restarts_in_a_row, 64))
    return nominal * (1 + settings.jitter_fraction * jitter.uniform(-1, 1))
