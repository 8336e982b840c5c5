"""Runs a plan in several shards: starts them, agrees on one start, follows them, merges once. It sends no request itself."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from hivecheck.errors import InconclusiveError, UsageError
from hivecheck.load import clocks, messages
from hivecheck.load.carriers.carrier import Carrier, Handle
from hivecheck.load.clocks import Offset, Reading
from hivecheck.load.measured import Measured, Progress, Snapshot, merged, snapshot_of
from hivecheck.load.messages import Alive, Armed, Clock, Part, ReadClock, Ready, Refused, Report, Result, Running, Start, Stop
from hivecheck.load.plan import Caps, Plan
from hivecheck.load.validity import INTERRUPTED, SHARD_DEAD, SHARD_LATE, Reason
from hivecheck.wording import counted

CLOCK_READINGS = 5
LOOK_SECONDS = 0.1
SHOW_SECONDS = 0.5
ALIVE_SECONDS = 1.0
MISSING = "Its part is in no figure."


@dataclass(frozen=True)
class Patience:
    """How long the coordinator waits, in seconds."""

    start: float = 2.0  # from the agreement until the first request: every shard has its order by then
    grace: float = 1.0  # after the start, for the report of a shard that was punctual
    ready: float = 60.0  # beside the time of the warm-up itself
    # A shard reports twice a second. A machine that leaves it no time for this long has no time for a measurement either.
    silence: float = 30.0


@dataclass
class _Shard:
    """A shard as its reports show it. Times are the coordinator's monotonic ones."""

    name: str
    handle: Handle
    heard_at: float
    boot_id: str = ""
    offset: Offset = Offset()
    readings: list[Reading] = field(default_factory=list)
    asked_at: float = 0.0
    armed_at: float | None = None
    progress: Progress | None = None
    measured: Measured | None = None
    is_given_up: bool = False

    @property
    def title(self) -> str:
        return f"{self.name} ({self.handle.place})"

    @property
    def is_pending(self) -> bool:
        return self.measured is None and not self.is_given_up

    def facts(self) -> dict[str, Any]:
        """For the result."""
        one = self.measured
        lateness = one.tally.histograms["lateness"] if one else None
        return {
            "name": self.name,
            "place": self.handle.place,
            "sent": one.sent if one else None,
            "lateness_p99": lateness.percentile(99) if lateness and lateness.count else None,
            "loop_lag_p99": one.loop_lag.percentile(99) if one and one.loop_lag.count else None,
            "cpu_share": one.cpu_share if one else None,
            "clock": {"monotonic_offset": self.offset.monotonic, "wall_offset": self.offset.wall, "error": self.offset.error},
        }


class _Ended(NamedTuple):
    """The last thing that comes from a shard."""

    how: str


@dataclass(frozen=True)
class Gathered:
    """What all shards measured, why the run is INVALID beside its figures, and the facts of each shard. `started_at` is wall time."""

    measured: Measured
    reasons: tuple[Reason, ...]
    shards: tuple[Mapping[str, Any], ...]
    started_at: float


def run(
    plan: Plan,
    carriers: Sequence[Carrier],
    *,
    key: str = "",
    ca: str = "",
    is_insecure: bool = False,
    show: Callable[[Snapshot], None] = lambda _: None,
    patience: Patience = Patience(),
) -> Gathered:
    """Run the plan with a shard on each of these carriers; a carrier may be there several times. Ctrl-C ends the schedule.

    Raises UsageError when the server refuses the plan, InconclusiveError when a shard is lost before the start or all are later.
    """
    plans = parts(plan, len(carriers))
    variables = {plan.key_variable: key} if plan.key_variable else {}
    with contextlib.ExitStack() as stack:
        coordinator = Coordinator(plan, show, patience)
        stack.callback(coordinator.end)
        for number, carrier in enumerate(carriers):
            part = Part(plans[number], number, len(carriers), ca, is_insecure)
            coordinator.add(f"shard {number}", carrier.start(f"shard-{number}", variables), part)
        return coordinator.run()


def parts(plan: Plan, shards: int) -> list[Plan]:
    """The plan of each shard: the same, except that the shards share its caps. Raises UsageError for a cap that is too small."""
    least = shards * (plan.warm_up + 1)
    for name, cap in (("--max-requests", plan.caps.requests), ("--max-tokens", plan.caps.tokens)):
        if 0 < cap < least:
            raise UsageError(
                f"expected: {name} of {least} or more: a warm-up and a request for each of {counted(shards, 'shard')}\nactual: {cap}\n"
                "next: raise the cap, or use fewer shards"
            )
    shares = ((_share(plan.caps.requests, place, shards), _share(plan.caps.tokens, place, shards)) for place in range(shards))
    return [msgspec.structs.replace(plan, caps=Caps(*share)) for share in shares]


class Coordinator:
    """Follows its shards through one run. Each shard has a thread that reads its lines."""

    def __init__(self, plan: Plan, show: Callable[[Snapshot], None], patience: Patience) -> None:
        self._plan = plan
        self._patience = patience
        self._show = show
        self._shards: list[_Shard] = []
        self._inbox: queue.SimpleQueue[tuple[_Shard, Report | _Ended, float]] = queue.SimpleQueue()
        self._reasons: list[Reason] = []
        self._stopped_by = ""
        self._start_at = 0.0
        self._shown_at = 0.0
        self._alive_at = 0.0

    def add(self, name: str, handle: Handle, part: Part) -> None:
        """Follow a shard, and give it its part."""
        shard = _Shard(name, handle, time.monotonic())
        self._shards.append(shard)
        threading.Thread(target=self._converse, args=(shard, messages.line(part)), name=f"hivecheck-{name}", daemon=True).start()

    def run(self) -> Gathered:
        """Wait until all are ready, start them, wait for their results."""
        warm_up = self._plan.warm_up * self._plan.deadline_seconds
        self._await_ready(lambda shard: bool(shard.boot_id), self._patience.ready + warm_up, "is ready")
        self._measure_clocks()
        self._start_at = time.monotonic() + self._patience.start
        started_at = time.time() + self._patience.start
        for shard in self._shards:
            self._order(shard, Start(self._start_at + shard.offset.monotonic))
        while any(shard.is_pending for shard in self._shards):
            try:
                self._follow()
            except KeyboardInterrupt:
                if self._stopped_by:
                    raise
                self._stop(INTERRUPTED)
        results = [shard.measured for shard in self._shards if shard.measured]
        if not results:
            raise InconclusiveError(_message("a result of each shard", " ".join(reason.sentence for reason in self._reasons)))
        measured = merged(results)
        return Gathered(measured, tuple(self._reasons), tuple(shard.facts() for shard in self._shards), started_at)

    def end(self) -> None:
        """End every shard that still runs."""
        for shard in self._shards:
            shard.handle.kill()

    def _converse(self, shard: _Shard, first: bytes) -> None:
        # Here and not in the main thread: a large plan fills the pipe of a shard that does not read.
        try:
            shard.handle.send(first)
            for line in shard.handle.lines():
                self._inbox.put((shard, messages.REPORTS.decode(line), time.monotonic()))
        except (OSError, msgspec.DecodeError) as error:
            self._inbox.put((shard, _Ended(str(error)), time.monotonic()))
        else:
            self._inbox.put((shard, _Ended(shard.handle.ending()), time.monotonic()))

    def _await_ready(self, is_ready: Callable[[_Shard], bool], seconds: float, what: str) -> None:
        """Wait for all shards before the start. One that is lost here leaves no figures, so it raises InconclusiveError."""
        deadline = time.monotonic() + seconds
        while waiting := [shard for shard in self._shards if not is_ready(shard)]:
            self._take_reports()
            if self._reasons:
                raise InconclusiveError(_message(f"a shard that {what}", self._reasons[0].sentence))
            if time.monotonic() > deadline:
                raise InconclusiveError(_message(f"a shard that {what} within {seconds:g} s", f"{waiting[0].title} is not"))

    def _measure_clocks(self) -> None:
        own = messages.boot_id()
        for _ in range(CLOCK_READINGS):
            foreign = [shard for shard in self._shards if shard.boot_id != own]
            for shard in foreign:
                shard.asked_at = time.monotonic()
                self._order(shard, ReadClock())
            before = len(foreign[0].readings) if foreign else 0
            self._await_ready(functools.partial(_has_readings, own, before + 1), self._patience.silence, "tells its clock")
        for shard in self._shards:
            shard.offset = clocks.offset_of(shard.readings, shard.boot_id == own)

    def _follow(self) -> None:
        """One look at the shards after the start."""
        self._take_reports()
        now = time.monotonic()
        for shard in self._shards:
            if shard.is_pending:
                self._judge(shard, now)
        if stopped := next((reason for shard in self._shards if (reason := self._own_stop(shard))), ""):
            self._stop(stopped)
        progress = [shard.progress for shard in self._shards if shard.progress is not None]
        if now >= self._shown_at + SHOW_SECONDS and now >= self._start_at and progress:
            self._shown_at = now
            self._show(snapshot_of(progress, self._stopped_by))

    def _judge(self, shard: _Shard, now: float) -> None:
        """Give up a shard that missed the start, or that is silent."""
        limit = self._start_at + self._plan.lateness_limit
        if shard.armed_at is None and now > limit + self._patience.grace:
            self._lose(shard, Reason(SHARD_LATE, f"{shard.title} had not confirmed the agreed start when it came."))
        elif now > shard.heard_at + self._patience.silence:
            self._lose(shard, Reason(SHARD_DEAD, f"{shard.title} sent nothing for {self._patience.silence:g} s. {MISSING}"))

    def _take_reports(self) -> None:
        """Every report that has come, after a wait for the first one."""
        with contextlib.suppress(queue.Empty):
            self._take(*self._inbox.get(timeout=LOOK_SECONDS))
            while True:
                self._take(*self._inbox.get_nowait())
        self._show_life()

    def _show_life(self) -> None:
        if time.monotonic() < self._alive_at + ALIVE_SECONDS:
            return
        self._alive_at = time.monotonic()
        for shard in self._shards:
            # Not before it is ready: it may still read its part, and a full pipe would stop the coordinator.
            if shard.boot_id and shard.is_pending:
                self._order(shard, Alive())

    def _take(self, shard: _Shard, report: Report | _Ended, at: float) -> None:
        shard.heard_at = at
        match report:
            case Ready(boot_id):
                shard.boot_id = boot_id
            case Refused(message):
                raise UsageError(message)
            case Clock(monotonic, wall):
                shard.readings.append(Reading(shard.asked_at, at, monotonic, wall, time.time() - (time.monotonic() - at)))
            case Armed(armed_at):
                self._take_armed(shard, armed_at - shard.offset.monotonic)
            case Running(progress, stopped_by):
                shard.progress = progress or shard.progress
                if stopped_by:
                    self._stop(stopped_by)
            case Result(measured) if shard.is_pending:
                self._take_result(shard, measured)
            case _Ended(how) if shard.is_pending:
                self._lose(shard, Reason(SHARD_DEAD, f"{shard.title} died: {how}. {MISSING}"))

    def _take_armed(self, shard: _Shard, at: float) -> None:
        shard.armed_at = at
        late = at - self._start_at
        if late > self._plan.lateness_limit:
            self._reasons.append(Reason(SHARD_LATE, f"{shard.title} was {late:.3f} s late to the agreed start."))
            self._stop(SHARD_LATE)

    def _take_result(self, shard: _Shard, measured: Mapping[str, Any]) -> None:
        try:
            shard.measured = Measured.from_json(measured)
        except (ValueError, KeyError, TypeError) as error:
            self._lose(shard, Reason(SHARD_DEAD, f"{shard.title} sent a result that is none: {error}. {MISSING}"))

    def _own_stop(self, shard: _Shard) -> str:
        """The cap that a shard reached. The other shards then stop too, because the caps are those of the run."""
        return shard.measured.stopped_by if shard.measured else ""

    def _lose(self, shard: _Shard, reason: Reason) -> None:
        # The rest of the schedule would cost time and money, and the run is INVALID anyway.
        shard.is_given_up = True
        self._reasons.append(reason)
        self._stop(reason.code)

    def _stop(self, reason: str) -> None:
        if self._stopped_by:
            return
        self._stopped_by = reason
        for shard in self._shards:
            if shard.is_pending:
                self._order(shard, Stop(reason))

    def _order(self, shard: _Shard, order: messages.Order) -> None:
        with contextlib.suppress(OSError):  # it has ended, and the end of its output shows that
            shard.handle.send(messages.line(order))


def _has_readings(own_boot_id: str, number: int, shard: _Shard) -> bool:
    return shard.boot_id == own_boot_id or len(shard.readings) >= number


def _share(total: int, place: int, shards: int) -> int:
    return total // shards + (place < total % shards)


def _message(expected: str, actual: str) -> str:
    return f"expected: {expected}\nactual: {actual}\nnext: run again; if it happens again, use fewer shards or another place for them"
