"""Runs one shard's part of a plan in this process: sends each request at its intended time and measures its own punctuality.

It judges nothing. `measured.py` holds what it hands back.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator

from hivecheck.load import slo
from hivecheck.load.bodies import Bodies
from hivecheck.load.measured import PROGRESS_METRICS, Measured, Progress, Snapshot, snapshot_of
from hivecheck.load.pacer import Pacer
from hivecheck.load.plan import Plan
from hivecheck.load.schedule import Chain, Trace, Users
from hivecheck.load.tally import Tally
from hivecheck.measurement.histogram import Histogram
from hivecheck.protocol.answer import Expectations, SampleHandler
from hivecheck.protocol.exchange import Exchange
from hivecheck.protocol.http1 import RequestHead
from hivecheck.protocol.origin import Tls, origin_of
from hivecheck.protocol.pool import Pool
from hivecheck.protocol.sample import Sample

LAG_INTERVAL_SECONDS = 0.02
# A client that cannot keep up would extend the run without end. What is unsent then makes the run INVALID.
OVERTIME_SECONDS = 1.0  # of its own processor time, because a client that the machine does not schedule can still catch up
SENT_AT_ONCE = 32  # then the loop serves its sockets
POLL_SECONDS = 0.02
OPEN_AT_DRAIN = "open at the drain deadline"
REQUEST_CAP, TOKEN_CAP = "max_requests", "max_tokens"


class Engine:
    """`run` once, in the loop that it was made in. `key` becomes the bearer; empty sends no Authorization."""

    def __init__(self, plan: Plan, key: str = "", shard: int = 0, shards: int = 1, tls: Tls = Tls()) -> None:  # noqa: B008 - frozen
        self._plan = plan
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(self._loop, tls)
        self._origin, prefix = origin_of(plan.url)
        authorization = {plan.key_header: plan.key_form.format(key)} if key else {}
        headers = {"Content-Type": "application/json", **authorization, **plan.headers}
        self._head = RequestHead("POST", prefix + plan.path, self._origin.host_header, headers)
        self._bodies = Bodies(plan)
        self._first_warm_up = -1 - shard * plan.warm_up  # each prompt is unique among the shards, too
        self._expectations = Expectations(plan.stall_seconds, plan.is_numbered)
        self._chains: Iterator[Chain] = itertools.islice(plan.schedule.chains(plan.seed), shard, None, shards)
        self._next_chain = next(self._chains, None)
        self._later: list[tuple[float, int]] = []  # a heap of turns that became due through the end of another one
        self._open: dict[int, Exchange] = {}
        self._reserved: dict[int, int] = {}  # tokens, under a cap
        self._tally = Tally(0.0, slo.parse(plan.slo))
        self._started_at = math.nan
        self._due = self._sent = self._streams_due = self._most_open = 0
        self._spent_requests = self._spent_tokens = self._reserved_tokens = 0
        self._tokens_a_word = 1.0  # of prompts: the tokenizer of the server is unknown, so its usage teaches this
        self._stopped_by = ""
        self._pacer: Pacer | None = None
        self._loop_lag = Histogram()
        self._is_over = False
        self._overtime_from = math.nan  # processor time at the end of the schedule
        self._changed = asyncio.Event()

    async def warm_up(self) -> list[Sample]:
        """Send the warm-up requests one after the other. They open a connection and enter no figure."""
        return [await self._one(self._first_warm_up - number) for number in range(self._plan.warm_up)]

    async def run(self, start_at: float) -> Measured:
        """Send the schedule from this monotonic time on, wait for the answers, close the connections."""
        self._started_at = start_at
        self._tally = Tally(start_at, slo.parse(self._plan.slo))
        # The wall clock only places the run. A step of it later on changes no figure.
        started_at = time.time() + (start_at - time.monotonic())
        end_at = start_at + self._plan.schedule.duration_seconds
        # A collection of everything that was imported takes longer than a request may be late.
        gc.collect()
        gc.freeze()
        self._pacer = Pacer(self._loop, self._send_due)
        lag = self._loop.create_task(self._measure_lag())
        try:
            self._arm()
            await asyncio.sleep(max(0.0, start_at - time.monotonic()))
            cpu_before = time.process_time()
            await self._wait(lambda: self._is_sent(end_at))
            window_seconds = max(time.monotonic() - start_at, POLL_SECONDS)
            cpu_share = (time.process_time() - cpu_before) / window_seconds
            stopped_after = time.monotonic() - start_at if self._stopped_by else math.inf
            self._is_over = True
            self._count_unsent()
            drain_seconds = await self._drain()
        finally:
            lag.cancel()
            self._pacer.close()
            await self._pool.close()
            gc.unfreeze()
        return Measured(
            tally=self._tally,
            scheduled=self._due,
            streams_scheduled=self._streams_due,
            sent=self._sent,
            open=len(self._open),
            most_open=self._most_open,
            duration_seconds=min(self._plan.schedule.duration_seconds, stopped_after),
            drain_seconds=drain_seconds,
            loop_lag=self._loop_lag,
            cpu_share=cpu_share,
            started_at=started_at,
            stopped_by=self._stopped_by,
        )

    async def close(self) -> None:
        """Close the connections of a warm-up that no run follows."""
        await self._pool.close()

    @property
    def is_stopped(self) -> bool:
        return bool(self._stopped_by)

    @property
    def stopped_by(self) -> str:
        """The cap or the interruption that ended the schedule early."""
        return self._stopped_by

    def stop(self, reason: str) -> None:
        """Send nothing more. Any thread may call it. Requests under way go on until the drain deadline."""
        self._stopped_by = self._stopped_by or reason
        self._loop.call_soon_threadsafe(self._changed.set)

    def snapshot(self) -> Snapshot:
        """The run so far, for a display."""
        return snapshot_of([self.progress()], self._stopped_by)

    def progress(self) -> Progress:
        """The run so far, as the coordinator of several shards adds it up."""
        counts = self._tally.counts
        return Progress(
            seconds=time.monotonic() - self._started_at,
            offered=self._sent,
            done=counts["done"],
            failed=counts["failed"],
            open=len(self._open),
            histograms={name: self._tally.histograms[name].counts() for name in PROGRESS_METRICS},
        )

    def _send_due(self) -> None:
        """Send what is due, and set the timer for what comes next."""
        for _ in range(SENT_AT_ONCE):
            due = self._next_due()
            if due is None or self._is_over or self._stopped_by or due[0] > time.monotonic():
                break
            self._take_next()
            self._send(due[1], due[0])
        self._arm()

    def _send(self, number: int, intended_at: float) -> None:
        if self._cap_reached(number):
            return
        self._due += 1
        is_stream = self._plan.is_stream(number)
        self._streams_due += is_stream
        request = self._head.bytes(self._bodies.body(number))
        sample = Sample(number, intended_at, is_stream=is_stream)
        self._spent_requests += 1
        self._sent += 1
        if self._plan.caps.tokens:
            self._reserved[number] = self._most_tokens(number)
            self._reserved_tokens += self._reserved[number]
        sample.sent_at = time.monotonic()
        exchange = self._pool.send(
            self._origin, request, SampleHandler(sample, self._ended, self._expectations), self._plan.deadline_seconds
        )
        if not exchange.is_over:
            self._open[number] = exchange
            self._most_open = max(self._most_open, len(self._open))

    def _ended(self, sample: Sample) -> None:
        self._open.pop(sample.number, None)
        if not self._open:
            self._changed.set()
        self._book(sample)
        self._tally.take(sample)
        following = self._plan.schedule.following(sample.number)
        if following is None or self._is_over:
            return
        intended_at = due_after(sample, self._plan)
        if isinstance(self._plan.schedule, Users):
            intended_at = self._started_at + self._plan.schedule.active_from(following, intended_at - self._started_at)
        is_in_window = intended_at < self._started_at + self._plan.schedule.duration_seconds
        if is_in_window or isinstance(self._plan.schedule, Trace):
            heapq.heappush(self._later, (intended_at, following))
            self._arm()

    def _cap_reached(self, number: int) -> bool:
        """Whether the next request could exceed a cap. Open requests count with the most tokens that they can use."""
        caps = self._plan.caps
        if caps.requests and self._spent_requests >= caps.requests:
            self.stop(REQUEST_CAP)
        elif caps.tokens and self._spent_tokens + self._reserved_tokens + self._most_tokens(number) > caps.tokens:
            self.stop(TOKEN_CAP)
        return bool(self._stopped_by)

    def _most_tokens(self, number: int) -> int:
        return math.ceil(self._prompt_words(number) * self._tokens_a_word) + self._plan.output_tokens(number)

    def _prompt_words(self, number: int) -> int:
        earlier = self._plan.earlier_turns(number)
        history = sum(self._bodies.prompt_tokens(turn) + self._plan.output_tokens(turn) for turn in earlier)
        return history + self._bodies.prompt_tokens(number)

    def _book(self, sample: Sample) -> None:
        """Count the tokens of an ended request. Without usage it counts with the most that it can use."""
        if not self._plan.caps.tokens:
            return
        self._reserved_tokens -= self._reserved.pop(sample.number, 0)
        if sample.prompt_tokens >= 0:
            self._tokens_a_word = max(self._tokens_a_word, sample.prompt_tokens / self._prompt_words(sample.number))
        known = sample.completion_tokens >= 0 and sample.prompt_tokens >= 0
        self._spent_tokens += sample.prompt_tokens + sample.completion_tokens if known else self._most_tokens(sample.number)

    def _next_due(self) -> tuple[float, int] | None:
        chain = self._next_chain
        first = (self._started_at + chain.at, chain.number) if chain is not None else None
        later = self._later[0] if self._later else None
        return min(first, later) if first and later else first or later

    def _take_next(self) -> None:
        chain = self._next_chain
        if self._later and (chain is None or self._later[0] < (self._started_at + chain.at, chain.number)):
            heapq.heappop(self._later)
        else:
            self._next_chain = next(self._chains, None)

    def _arm(self) -> None:
        due = self._next_due()
        if due is not None and self._pacer is not None and not self._is_over:
            self._pacer.call_at(due[0])

    def _is_sent(self, end_at: float) -> bool:
        """Whether nothing more is to be sent."""
        now = time.monotonic()
        if self._stopped_by:
            return True
        due = self._next_due()
        if due is not None:
            if now < end_at or due[0] >= end_at:
                return False
            if math.isnan(self._overtime_from):
                self._overtime_from = time.process_time()
            return time.process_time() > self._overtime_from + OVERTIME_SECONDS
        # A trace ends where conversations end, so the turn after an open one is still to come.
        schedule = self._plan.schedule
        is_waiting = isinstance(schedule, Trace) and any(schedule.following(number) is not None for number in self._open)
        return now >= end_at and not is_waiting

    def _count_unsent(self) -> None:
        """Count what was due and was not sent. A stopped schedule ends where it was stopped."""
        if self._stopped_by:
            return
        chains = itertools.chain([self._next_chain] if self._next_chain else [], self._chains)
        for number in itertools.chain((chain.number for chain in chains), (number for _, number in self._later)):
            self._due += 1
            self._streams_due += self._plan.is_stream(number)

    async def _drain(self) -> float:
        """Wait for open requests until the deadline, then end them as failures. Returns the seconds that it took."""
        begun = time.monotonic()
        await self._wait(lambda: not self._open or time.monotonic() >= begun + self._plan.drain_seconds)
        for exchange in list(self._open.values()):
            exchange.abort(OPEN_AT_DRAIN)
        return time.monotonic() - begun

    async def _one(self, number: int) -> Sample:
        """Send one request outside the schedule, and wait for its end."""
        ended: asyncio.Future[Sample] = self._loop.create_future()
        sample = Sample(number, time.monotonic(), is_stream=self._plan.stream_share > 0)
        sample.sent_at = sample.intended_at
        request = self._head.bytes(self._bodies.body(number))
        self._spent_requests += 1
        handler = SampleHandler(sample, ended.set_result, self._expectations)
        self._pool.send(self._origin, request, handler, self._plan.deadline_seconds)
        await ended
        self._book(sample)
        return sample

    async def _wait(self, is_over: Callable[[], bool]) -> None:
        """Wait for a condition that the end of a request, `stop` or the clock makes true."""
        while not is_over():
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._changed.wait()

    async def _measure_lag(self) -> None:
        """How late the loop calls back: the delay that it adds to each token's time."""
        while True:
            due = self._loop.time() + LAG_INTERVAL_SECONDS
            await asyncio.sleep(LAG_INTERVAL_SECONDS)
            self._loop_lag.record(self._loop.time() - due)


def due_after(sample: Sample, plan: Plan) -> float:
    """The intended time of the request that waits for this one: its end and the think time.

    A turn of a trace counts as if it had been sent on time, so a late client moves no later turn. A user of a closed loop asks when the
    answer is there.
    """
    # A user without think time would carry the sum of a whole run's delays, and call a punctual client late.
    own_delay = 0.0 if isinstance(plan.schedule, Users) else sample.sent_at - sample.intended_at
    return sample.ended_at - own_delay + plan.schedule.think_seconds_after(plan.seed, sample.number)
