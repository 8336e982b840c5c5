"""Several shards are one run: the same schedule, one start, one merge, and a name for each shard that fails."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from meddling import Meddled, Scripted
from recording_server import RecordingServer
from runs import even, plan_of
from samples import failure, stream

from hivecheck import process_labels
from hivecheck.errors import InconclusiveError, UsageError
from hivecheck.load import messages, result, shards
from hivecheck.load.carriers.carrier import Carrier
from hivecheck.load.carriers.local import Local, LocalProcess
from hivecheck.load.measured import PROGRESS_METRICS, Measured, Progress, Snapshot, merged, snapshot_of
from hivecheck.load.messages import Armed, Clock, Part, ReadClock, Ready, Refused, Report, Result, Running, Start
from hivecheck.load.plan import Caps, Plan
from hivecheck.load.result import LoadResult
from hivecheck.load.schedule import Arrivals, Schedule, Segment, Trace, Turn, Users, part
from hivecheck.load.shards import Gathered, Patience
from hivecheck.load.tally import Tally
from hivecheck.measurement.histogram import Histogram
from hivecheck.waiting import eventually

# A test waits no longer than it must, and a busy machine has time for what a shard does at once.
SOON = Patience(start=0.5, grace=60.0, silence=60.0, ready=300.0)
SCHEDULES = {
    "constant": even(20, 3.0),
    "gamma": Arrivals((Segment(2.0, 10.0, 50.0), Segment(1.0, 50.0, 0.0)), 2.0),
    "users": Users(7, 5.0, 0.5, 1.0),
    "trace": Trace(tuple(Turn(5, at=number / 3) for number in range(11)), 4.0),
}


def judged(plan: Plan, gathered: Gathered) -> LoadResult:
    return result.judge(
        plan, gathered.measured, version="0", started_at=0.0, calibration=None, added=gathered.reasons, shards=gathered.shards
    )


def codes(gathered: Gathered) -> list[tuple[str, str]]:
    """Code and shard of each reason."""
    return [(reason.code, reason.sentence.partition(" (")[0]) for reason in gathered.reasons]


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_number_of_shards_changes_no_schedule(schedule: Schedule) -> None:
    """The parts of 1, 2 and 4 shards together are the same schedule byte for byte."""

    def bytes_of(count: int) -> bytes:
        chains = sorted((chain for shard in range(count) for chain in part(schedule.chains(7), shard, count)), key=lambda one: one.number)
        return array("d", [value for chain in chains for value in (chain.number, chain.at)]).tobytes()

    assert len(bytes_of(1)) > 0
    assert bytes_of(1) == bytes_of(2) == bytes_of(4)


def test_shards_send_the_plan(recorder: RecordingServer) -> None:
    """Two local shards send each request of the plan once, with the key of the environment, and their results add up."""
    plan = plan_of(recorder.url, warm_up=1, key_variable="HIVECHECK_TEST_KEY")
    gathered = shards.run(plan, [Local(), Local()], key="secret", patience=SOON)
    whole = judged(plan, gathered)
    assert (whole.is_valid, whole.exit_code) == (True, 0)
    assert whole.data["totals"]["sent"] == whole.data["totals"]["done"] == 10 and whole.data["client"]["processes"] == 2
    assert [shard["sent"] for shard in whole.data["shards"]] == [5, 5]
    prompts = [body["messages"][0]["content"].split()[0] for body in recorder.bodies]
    # The warm-up of the two shards has numbers below 0, and each prompt begins with its number.
    assert sorted(map(int, prompts)) == list(range(-2, 10))
    assert all("Authorization: Bearer secret" in head for head in recorder.heads)


def test_merge_of_four_shards() -> None:
    """The histograms of 4 shards are those of one process for the same samples, after their way through JSON."""
    choice = random.Random(7)
    samples = [stream(number, 100.0 + number / 50, ttft=choice.expovariate(5), itl=choice.expovariate(50)) for number in range(400)]
    samples += [failure(number, 100.0 + number / 50) for number in range(400, 420)]
    parts = [_measured(samples[shard::4]) for shard in range(4)]
    one, four = _measured(samples), merged([Measured.from_json(json.loads(json.dumps(part.to_json()))) for part in parts])
    assert one.tally.histograms == four.tally.histograms
    assert {name: window.histograms for name, window in one.tally.windows.items()} == {
        name: window.histograms for name, window in four.tally.windows.items()
    }
    assert (one.tally.counts, one.tally.outcomes, one.tally.causes) == (four.tally.counts, four.tally.outcomes, four.tally.causes)
    assert (four.sent, four.processes, one.tally.failures) == (420, 4, four.tally.failures)


def _measured(samples: Sequence[Any]) -> Measured:
    tally = Tally(100.0)
    for sample in samples:
        tally.take(sample)
    return Measured(tally, len(samples), len(samples), len(samples), 0, 9.0, 0.1, Histogram([0.001]), 0.2, 1_700_000_000.0)


def test_snapshot_of_shards() -> None:
    """The display has the sums of the counts, and the percentiles of the merged histograms."""
    slow, fast = Histogram([1.0] * 10), Histogram([0.1] * 90)
    snapshot = snapshot_of([Progress(3.0, 10, 8, 1, 1, _counts(slow)), Progress(2.5, 90, 90, 0, 0, _counts(fast))])
    assert (snapshot.seconds, snapshot.offered, snapshot.done, snapshot.failed, snapshot.open) == (3.0, 100, 98, 1, 1)
    assert snapshot.ttft == pytest.approx((0.1, 1.0), rel=0.001)


def _counts(histogram: Histogram) -> dict[str, dict[int, int]]:
    return {name: histogram.counts() for name in PROGRESS_METRICS}


class Away:
    """A shard of another machine: its monotonic clock is ahead by `ahead` seconds. It starts `late` seconds after the agreed start."""

    def __init__(self, ahead: float = 5000.0, late: float = -0.1) -> None:
        self.ahead, self.late = ahead, late
        self.start_at = 0.0

    def answers(self, order: messages.Order) -> list[Report | None]:
        match order:
            case Part():
                return [Ready("another boot")]
            case ReadClock():
                return [Clock(time.monotonic() + self.ahead, time.time() + 60.0)]
            case Start(at):
                self.start_at = at - self.ahead
                return [Armed(at + self.late), Running(), Result(_measured([stream(1)]).to_json()), None]
            case _:
                return []


def stop(process: LocalProcess) -> None:
    """Stop a shard, and wait until all its threads have stopped. Until then one of them could still read the next order."""
    os.kill(process.pid, signal.SIGSTOP)
    threads = Path("/proc", str(process.pid), "task")
    eventually(
        lambda: {(thread / "stat").read_text().rpartition(")")[2].split()[0] for thread in threads.iterdir()},
        within=30,
        what="every thread has stopped",
        until=lambda states: states == {"T"},
        every=0.002,
    )


def test_killed_shard(truth_url: str) -> None:
    """A shard that is killed makes the run INVALID, is named, and leaves the figures of the others."""
    plan = plan_of(truth_url, schedule=even(20, 60.0))
    killed = Meddled(after={Armed: lambda process: os.kill(process.pid, signal.SIGKILL)})
    gathered = shards.run(plan, [Local(), killed], patience=SOON)
    whole = judged(plan, gathered)
    assert codes(gathered) == [("shard_dead", "shard 1")] and "SIGKILL" in gathered.reasons[0].sentence
    assert str(killed.pids[0]) in gathered.reasons[0].sentence
    assert (whole.exit_code, whole.data["side"], whole.data["stopped_by"]) == (2, "client", "shard_dead")
    assert [shard["sent"] is None for shard in whole.data["shards"]] == [False, True]


def test_stopped_before_start(truth_url: str) -> None:
    """A shard that SIGSTOP keeps from the agreed start makes the run INVALID, is named, and is ended."""
    plan = plan_of(truth_url, schedule=even(20, 60.0), lateness_limit=0.0)
    stopped = Meddled(before={Start: stop})
    gathered = shards.run(plan, [Scripted(Away().answers), stopped], patience=dataclasses.replace(SOON, grace=0.5))
    assert codes(gathered) == [("shard_late", "shard 1")]
    assert judged(plan, gathered).exit_code == 2
    assert process_labels.started_ticks(stopped.pids[0]) is None


def test_silent_shard(truth_url: str) -> None:
    """A shard that reports nothing for too long counts as dead, and is ended."""
    plan = plan_of(truth_url, schedule=even(20, 60.0))
    stopped = Meddled(after={Armed: stop})
    gathered = shards.run(plan, [Scripted(Away().answers), stopped], patience=dataclasses.replace(SOON, silence=3.0))
    assert codes(gathered) == [("shard_dead", "shard 1")] and "sent nothing for 3 s" in str(gathered.reasons)
    assert process_labels.started_ticks(stopped.pids[0]) is None


def test_interrupted(truth_url: str) -> None:
    """Ctrl-C ends the schedule of all shards and gives the result so far."""
    plan = plan_of(truth_url, schedule=even(20, 600.0))
    presses = [KeyboardInterrupt()]  # a second one would end the run at once

    def interrupt(snapshot: Snapshot) -> None:
        if snapshot.offered and presses:
            raise presses.pop()

    whole = judged(plan, shards.run(plan, [Local(), Local()], show=interrupt, patience=SOON))
    assert (whole.exit_code, [reason.code for reason in whole.reasons]) == (2, ["interrupted"])
    assert 0 < whole.data["totals"]["sent"] == whole.data["totals"]["done"] < 12000


def test_cap_of_the_run(truth_url: str) -> None:
    """The shards share the caps of the run, and all stop when they are reached."""
    plan = plan_of(truth_url, schedule=even(50, 60.0), caps=Caps(requests=9))
    whole = judged(plan, shards.run(plan, [Local(), Local()], patience=SOON))
    assert whole.data["stopped_by"] == "max_requests" and 8 <= whole.data["totals"]["sent"] <= 9


def test_parts_of_caps() -> None:
    """The caps of the parts add up, and a cap that leaves a shard without a request is refused."""
    plan = plan_of("http://127.0.0.1:1/v1", warm_up=1, caps=Caps(10, 1000))
    assert [one.caps for one in shards.parts(plan, 3)] == [Caps(4, 334), Caps(3, 333), Caps(3, 333)]
    assert [one.caps for one in shards.parts(msgspec.structs.replace(plan, caps=Caps()), 3)] == [Caps()] * 3
    with pytest.raises(UsageError, match="--max-requests of 12"):
        shards.parts(plan, 6)


def test_refused_plan() -> None:
    """A server that accepts no request is bad usage, as with one process."""
    with pytest.raises(UsageError, match="connection refused"):
        shards.run(plan_of("http://127.0.0.1:1/v1", warm_up=1), [Local(), Local()], patience=SOON)


def test_lost_before_start(truth_url: str) -> None:
    """A shard that dies before the start is named, and nothing was measured."""
    killed = Meddled(before={Part: lambda process: os.kill(process.pid, signal.SIGKILL)})
    with pytest.raises(InconclusiveError, match=r"shard 1 \(local process \d+\) died"):
        shards.run(plan_of(truth_url), [Local(), killed], patience=SOON)


def run_scripted(*carriers: Carrier, **changes: Any) -> Gathered:
    return shards.run(plan_of("http://127.0.0.1:1/v1", **({"lateness_limit": 0.0} | changes)), carriers, patience=SOON)


def test_another_machine() -> None:
    """A shard with another clock gets the start on its own clock, and the result states the measured offset."""
    away = Away()
    before = time.monotonic()
    gathered = run_scripted(Scripted(away.answers))
    clock = gathered.shards[0]["clock"]
    assert gathered.reasons == ()
    assert clock["monotonic_offset"] == pytest.approx(away.ahead, abs=clock["error"] + 1e-6)
    # A step of this machine's wall clock would move this one, so it only places the run.
    assert clock["wall_offset"] == pytest.approx(60.0, abs=clock["error"] + 1.0)
    assert before + SOON.start - clock["error"] - 1e-6 <= away.start_at <= time.monotonic() + SOON.start


def test_late_shard() -> None:
    """A shard that was late to the agreed start makes the run INVALID, even if it says so itself."""
    gathered = run_scripted(Scripted(Away(late=-0.1).answers), Scripted(Away(late=0.25).answers))
    assert codes(gathered) == [("shard_late", "shard 1")] and "0.25" in gathered.reasons[0].sentence


@pytest.mark.parametrize(
    ("last", "phrase"),
    [([None], "the script is over"), ([Result({"tally": 1}), None], "a result that is none"), ([Refused("expected: x"), None], "")],
    ids=["no result", "broken result", "refused"],
)
def test_no_result(last: list[Report | None], phrase: str) -> None:
    """A shard that sends no result is named. Without a result of any shard there is no run."""

    def answers(order: messages.Order) -> list[Report | None]:
        return [Ready(messages.boot_id())] if isinstance(order, Part) else [Armed(0.0), *last] if isinstance(order, Start) else []

    with pytest.raises((InconclusiveError, UsageError)) as raised:
        run_scripted(Scripted(answers))
    assert phrase in str(raised.value)
    if phrase:
        gathered = run_scripted(Scripted(answers), Scripted(Away().answers))
        assert codes(gathered) == [("shard_dead", "shard 0")]
