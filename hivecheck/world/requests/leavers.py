"""Clients that leave before they have their whole answer, each in one phase of a request's life."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.checks.streams.cancelled_upstream import freed
from hivecheck.errors import UsageError
from hivecheck.world.requests.batches import Batches

# Phase: what its request meets, whether it is a stream, how many tokens it has seen when it leaves; a queued one has no slot yet.
PHASES: dict[str, tuple[str, bool, int]] = {
    "queued": ("work of 0.6 seconds", False, 0),
    "waiting for its answer": ("a worker that hangs", False, 0),
    "waiting for its stream to begin": ("a worker that hangs", True, 0),
    "streaming": ("a slow stream", True, 2),
    "stalled in mid-stream": ("a worker that stalls", True, 3),
}
QUEUED = "queued"


@dataclass
class Cancellations:
    """`waves` sends what they send."""

    batches: Batches

    def begin(self, model: str, phase: str, count: int = 1, slots: int = 0) -> None:
        """So many clients are in that phase. A queued one needs `slots` others that hold every slot of the model."""
        if phase not in PHASES:
            raise UsageError(f"There is no phase {phase!r}. Known: {', '.join(PHASES)}.")
        mishap, is_stream, tokens = PHASES[phase]
        if phase == QUEUED:
            self.batches.start(model, slots, mishap)
            self.batches.await_arrival()
        self.batches.start(model, count, mishap, stream=is_stream)
        self.batches.await_arrival()
        self.batches.await_tokens(tokens)

    def leave(self) -> None:
        """They all leave, at once."""
        self.batches.leave()

    def must_be_let_go(self, phase: str, seconds: float) -> None:
        """Their workers stopped working for them in time."""
        self.batches.must(freed, seconds=seconds, is_queued=phase == QUEUED)
