"""Expectations that have one sentence in Gherkin and several checks behind it, chosen by a phrase of that sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hivecheck.checks.answers.answered import all_answered
from hivecheck.checks.answers.at_once import at_once
from hivecheck.checks.answers.queueing import queueing
from hivecheck.checks.answers.time_limit import within_time
from hivecheck.checks.facts import Workers
from hivecheck.checks.observability.trace import correlation, relayed
from hivecheck.checks.routing.attempts import not_sent_again, one_attempt_after, one_attempt_each
from hivecheck.checks.routing.not_routed_to import nothing_upstream, spared
from hivecheck.checks.routing.routing_latency import routing_latency
from hivecheck.checks.sessions.rebalancing import moved_to_new_worker, only_lost_sessions_moved
from hivecheck.checks.streams.added_first_token import added_first_token
from hivecheck.checks.streams.broken_stream import broken_stream, unaffected
from hivecheck.checks.streams.paced_stream import paced_stream
from hivecheck.errors import UsageError
from hivecheck.verdict import Verdict
from hivecheck.world.checker import Checker
from hivecheck.world.requests.batches import Batches

KILLED = "killed"  # in history: the act after which only other workers may be unaffected
# The gateway waits 25 ms before the first retry, less up to half of that as jitter.
FIRST_PAUSE_SECONDS = 0.0125
# A turn that finds its prompt in the cache needs no prefill, so the first token takes less than half the time.
WARM_SHARE = 0.5
LATENCIES: dict[str, tuple[Callable[..., Verdict], str]] = {
    "every response time": (within_time, "seconds"),
    "the routing latency": (routing_latency, "seconds"),
    "the added time to first token": (added_first_token, "seconds"),
    "the token lag": (paced_stream, "lag_seconds"),
}
OF_BATCH, AFTER_KILL, AT_ONE_WORKER = " of the batch", " sent after the kill", " for a model with one worker"
EVERY_STREAM, KILLED_STREAMS = "every stream", "exactly the streams of the killed worker"
ONE_STREAM = "a stream"
HIVE, TIERS = "the hive of its worker", "the logs of every tier"
ALL_WORKERS = "the workers"
AWAY = "away from the killed worker, without a failed turn"


@dataclass(frozen=True)
class Expectations:
    """Judges the plain requests of a scenario, or its last batch. `workers` gives the models of each worker now."""

    checker: Checker
    batches: Batches
    workers: Callable[[], Workers]

    def must_be_answered(self, of: str, total: int | None) -> None:
        """Every request was answered, of the scenario or of the last batch. `total` is their number, None for any."""
        if of == OF_BATCH:
            self.batches.must_be_answered(total)
        else:
            self.checker.must(all_answered, count=total)

    def must_take_one_attempt(self, of: str) -> None:
        """No request was sent a second time."""
        if of == OF_BATCH:
            self.batches.must(one_attempt_each)
        elif of == AFTER_KILL:
            self.checker.must(one_attempt_after, what=KILLED)
        else:
            self.checker.must(not_sent_again, workers=self.workers(), is_alone=of == AT_ONE_WORKER)

    def must_break_off(self, streams: str, code: str | None) -> None:
        """The streams ended early, and their clients can see that. `code` is that of the error event."""
        if streams == EVERY_STREAM:
            self.checker.must(broken_stream, code=code)
        elif code is None:
            self.checker.must(unaffected, what=KILLED)
        else:
            raise UsageError(f"The error event of {streams} cannot be judged; judge that of every stream.")

    def must_be_within(self, latency: str, seconds: float) -> None:
        """A latency of `LATENCIES` is at most so many seconds."""
        check, limit = LATENCIES[latency]
        self.checker.must(check, **{limit: seconds})

    def must_be_traced(self, tiers: str, hives: Mapping[str, str]) -> None:
        """The request id is in the logs of those tiers. `hives` maps a worker to its hive."""
        limits: dict[str, Any] = {"hives": hives}
        if tiers == HIVE:
            self.checker.must(relayed, **limits)
        else:
            self.checker.must(correlation, orchestrator="orchestrator", **limits)

    def must_receive_nothing(self, workers: str) -> None:
        """No worker received a request, or one worker received none while others did."""
        if workers == ALL_WORKERS:
            self.checker.must(nothing_upstream, workers=self.workers())
        else:
            self.checker.must(spared, worker=workers, workers=self.workers())

    def must_handle_at_once(self, limit: int, of: str) -> None:
        """No worker handled more requests at the same time. Of the scenario's requests some had to wait."""
        if of == OF_BATCH:
            self.batches.must(at_once, limit=limit)
        else:
            self.checker.must(queueing, slots=limit)

    def must_move_only(self, direction: str) -> None:
        """Sessions moved only away from the killed worker, or only to a worker that joined."""
        if direction == AWAY:
            self.checker.must(only_lost_sessions_moved, what=KILLED)
        else:
            self.checker.must(moved_to_new_worker, new_worker=direction)
