"""Check: one_schedule."""

from __future__ import annotations

from typing import Any

from load_run_stories import LATE, latencies, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_have_no_room, must_say, tell

from hivecheck.checks.load.one_schedule import one_schedule
from hivecheck.history import Event

# Two scheduled requests of each shard, every 0.1 s, and a warm-up of each.
REQUESTS = [{"sha256": f"b{number}", "shard": number % 2, "at": number / 10} for number in range(4)]
DEAD = {"code": "shard_dead", "sentence": "Shard 1 sent nothing."}
WARM_UPS = [{"sha256": f"w{shard}", "shard": shard, "at": -1.0} for shard in (0, 1)]
BODIES = {str(request["sha256"]): float(request["at"]) for request in (*REQUESTS, *WARM_UPS)}


def shared(sent: tuple[int, ...] = (2, 2), **changed: Any) -> Event:
    """A run of two processes that ends at 5 s."""
    totals = {"scheduled": 4, "sent": 4, "done": 4, "failed": 0, "open": 0} | changed.pop("totals", {})
    figures = {"e2e": latencies(0.1) | {"count": changed.pop("merged", 4)}}
    shards = [{"sent": number} for number in sent]
    return load_run(
        5.0, began=0.0, processes=2, requests=[*REQUESTS, *WARM_UPS], shards=shards, percentiles=figures, totals=totals, **changed
    )


def arrivals(late: float = 0.0, **changed: float) -> list[Event]:
    """An arrival of each body; those of shard 1 are late. `changed` moves bodies or adds them."""
    delay = {str(request["sha256"]): late * int(str(request["shard"])) for request in REQUESTS}
    times = {body: 2 + at + delay.get(body, 0.0) for body, at in BODIES.items()} | changed
    return [Event(at, "journal", "worker-1", {"event": "arrival", "body_sha256": body}) for body, at in times.items()]


def judge(*items: Event | list[Event]) -> Any:
    return one_schedule(tell(*items), apart_seconds=0.05)


def test_whole_schedule() -> None:
    """Each request of the seed at the workers, and in the merged result, passes."""
    must_say(judge(shared(), arrivals()), PASSED, "4 requests from 2 processes")


def test_arrivals_of_another_schedule() -> None:
    """A lost request, a repeated one and one of another seed fail."""
    must_say(judge(shared(), arrivals()[1:]), FAILED, "1 lost")
    must_say(judge(shared(), arrivals(), arrivals()[:1]), FAILED, "1 repeated")
    must_say(judge(shared(), arrivals(other=2.0)), FAILED, "1 of another seed")


def test_result_that_counts_otherwise() -> None:
    """A shard without a request, a lost part and a histogram that is not merged fail."""
    must_say(judge(shared((4, 0)), arrivals()), FAILED, "[4, 0]")
    must_say(judge(shared((2, 1)), arrivals()), FAILED, "2 + 1 by the shards")
    must_say(judge(shared(totals={"sent": 2}), arrivals()), FAILED, "2 sent")
    must_say(judge(shared(totals={"done": 3}), arrivals()), FAILED, "3 done")
    must_say(judge(shared(merged=2), arrivals()), FAILED, "2 in the histogram")


def test_shards_that_begin_apart() -> None:
    """A shard that begins later than the other one fails, within the limit it passes."""
    must_say(judge(shared(), arrivals(late=0.04)), PASSED, "40.0 ms apart")
    must_say(judge(shared(), arrivals(late=0.3)), FAILED, "300 ms apart")


def test_late_client() -> None:
    """A late client changes no count. When its shards begin is unknown then."""
    must_say(judge(shared(reasons=(LATE,)), arrivals()), PASSED)
    must_say(judge(shared(reasons=(LATE,)), arrivals()[1:]), FAILED, "1 lost")
    must_say(judge(shared(reasons=(LATE,)), arrivals(late=0.3)), INCONCLUSIVE, "INVALID")


def test_without_verdict() -> None:
    """No load, and one with a dead shard, give no verdict."""
    must_say(judge(), INCONCLUSIVE)
    must_say(judge(shared(reasons=(DEAD,)), arrivals()), INCONCLUSIVE, "INVALID")


def test_schedule_no_room() -> None:
    """A single process cannot send a request of another one again."""
    must_have_no_room(judge(load_run(5.0, processes=1, requests=REQUESTS), arrivals()), "several processes")
