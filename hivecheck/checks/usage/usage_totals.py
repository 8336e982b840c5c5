"""The usage API's totals over a range of time equal the sums over the ledger's requests and over the workers' journals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from hivecheck.history import History, journal_pairs
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

FIGURES = ("requests", "prompt_tokens", "completion_tokens")
Sums = dict[str, dict[str, int]]


def usage_totals(history: History) -> Verdict:
    """Judges every total noted; meant for requests that each came to their end at their first worker."""
    states = [event.data for event in history.events("state", "orchestrator")]
    ledgers = [data["ledger"] for data in states if "ledger" in data]
    usages = [data["usage"] for data in states if "usage" in data]
    if not ledgers or not usages or not any(True for _ in journal_pairs(history)):
        return inconclusive(expected="requests, the ledger and totals noted", actual=f"{len(ledgers)} ledgers, {len(usages)} totals")
    return worst([_judge_one(history, ledgers[-1], usage) for usage in usages])


def _judge_one(history: History, ledger: list[dict[str, Any]], usage: dict[str, Any]) -> Verdict:
    group, since, until = usage["by"], usage["since"], usage["until"]
    told: Sums = {line[group]: {name: line[name] for name in FIGURES} for line in usage["totals"]}
    booked = _sums((row[group], row) for row in ledger if since <= row["at"] < until)
    ended = _sums((line[group], line) for line in _journaled(history) if since <= line["at"] < until)
    if not told == booked == ended:
        return failed(expected=f"by {group}: {ended} of the journals, {booked} of the ledger", actual=f"{told}")
    return passed(f"by {group}: {told}")


def _journaled(history: History) -> Iterator[dict[str, Any]]:
    """What the journals say of every request that ended, in the ledger's words. It arrives a moment after it is opened there."""
    for arrival, end in journal_pairs(history):
        if end is not None:
            who = arrival.data.get("headers", {}).get("x-auth-subject")
            tokens = {"prompt_tokens": end.data.get("prompt_tokens", 0), "completion_tokens": end.data.get("output_tokens", 0)}
            yield {"worker": arrival.node, "model": arrival.data.get("model"), "key": who, "at": arrival.data.get("time", 0.0)} | tokens


def _sums(lines: Iterator[tuple[str, dict[str, Any]]]) -> Sums:
    sums: Sums = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
    for name, line in lines:
        sums[name]["requests"] += 1
        for figure in FIGURES[1:]:
            sums[name][figure] += line[figure]
    return dict(sums)
