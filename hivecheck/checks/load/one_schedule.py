"""Several processes sent the last load as one schedule, by the workers' journals and by the merged result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hivecheck.checks.load.load_facts import Run, groups, invalid, middle
from hivecheck.history import Event, History
from hivecheck.verdict import Verdict, failed, no_room, passed, worst
from hivecheck.wording import counted

OVERLOADED = ("late", "loop_lag", "cpu")  # codes of a client without time; they change no count


def one_schedule(history: History, *, apart_seconds: float) -> Verdict:
    """The workers received each request of the seed once, as from one process, and the merged result counts each of them once.

    The medians of the shards' delays differ by at most `apart_seconds`: the shards began together. A run that is INVALID because its
    client was overloaded shows nothing about that moment, and still shows which requests were sent.
    """
    runs = groups(history)[-1] if groups(history) else []
    return worst(_one(run, history.journal("arrival"), apart_seconds) for run in runs)


def _one(run: Run, journal: Sequence[Event], apart_seconds: float) -> Verdict:
    codes = {reason["code"] for reason in run["invalid_reasons"]}
    if not codes <= set(OVERLOADED) and (verdict := invalid(run)):
        return verdict
    arrivals = [line for line in journal if line.at >= run["began"]]
    requests = {request["sha256"]: request for request in run["requests"]}
    scheduled = [request for request in requests.values() if request["at"] >= 0]
    if not scheduled or run["processes"] < 2:
        return no_room(expected="a load with requests from several processes", actual=f"{len(scheduled)} from {run['processes']}")
    counts = Counter(str(line.data["body_sha256"]) for line in arrivals)
    wrong = {
        "lost": sum(sha not in counts for sha in requests),
        "repeated": sum(counts[sha] > 1 for sha in requests),
        "of another seed": sum(count for sha, count in counts.items() if sha not in requests),
    }
    if any(wrong.values()):
        return failed(
            expected=f"each of {counted(len(requests), 'request')} once at the workers, warm-ups included",
            actual=", ".join(f"{count} {word}" for word, count in wrong.items()),
        )
    if problem := _miscounted(run, len(scheduled)):
        return failed(expected=f"{counted(len(scheduled), 'request')} in the merged result, with a part of each process", actual=problem)
    delays = _delays(arrivals, requests)
    apart = max(delays) - min(delays)
    if apart > apart_seconds:
        return invalid(run) or failed(
            expected=f"shards that begin within {apart_seconds * 1000:g} ms", actual=f"{apart * 1000:.0f} ms apart"
        )
    return passed(f"{counted(len(scheduled), 'request')} from {run['processes']} processes, begun {apart * 1000:.1f} ms apart")


def _miscounted(run: Run, scheduled: int) -> str:
    """What the result counts otherwise; empty for a result that counts each request once."""
    totals, sent = run["totals"], [shard["sent"] for shard in run["shards"]]
    merged = run["percentiles"]["e2e"]["count"]
    if len(sent) != run["processes"] or not all(sent):
        return f"shards that sent {sent}"
    if {totals["scheduled"], totals["sent"], sum(sent)} != {scheduled}:
        return f"{totals['scheduled']} scheduled, {totals['sent']} sent, {' + '.join(map(str, sent))} by the shards"
    if totals["done"] + totals["failed"] + totals["open"] != scheduled or merged != totals["done"]:
        return f"{totals['done']} done, {totals['failed']} failed, {totals['open']} open, {merged} in the histogram of e2e"
    return ""


def _delays(arrivals: Sequence[Event], requests: Mapping[str, Mapping[str, Any]]) -> list[float]:
    """For each shard the median of arrival minus due time. The start is unknown, so only their differences mean something."""
    found: dict[int, list[float]] = {}
    for line in arrivals:
        request = requests[str(line.data["body_sha256"])]
        if request["at"] >= 0:
            found.setdefault(request["shard"], []).append(line.at - request["at"])
    return [middle(delays) for delays in found.values()]
