"""The usage API's totals equal the sums over the ledger and over the workers' journals, and a tenant receives only its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from hivecheck.history import History, journal_pairs
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, figures, listed

TOKENS = ("prompt_tokens", "completion_tokens", "cached_tokens", "total_tokens")
Sums = dict[str, dict[str, int]]


def usage_totals(history: History) -> Verdict:
    """Judges every noted total over its range of time. It expects that each request ended at its first worker."""
    states = [event.data for event in history.events("state", "orchestrator")]
    ledgers = [data["ledger"] for data in states if "ledger" in data]
    usages = [data["usage"] for data in states if "usage" in data]
    if not ledgers or not usages or not any(True for _ in journal_pairs(history)):
        actual = f"{counted(len(ledgers), 'note')} of the ledger, {counted(len(usages), 'note')} of totals"
        return inconclusive(expected="requests in journals, and notes of the ledger and of totals", actual=actual)
    return worst([_judge_totals(history, ledgers[-1], usage) for usage in usages])


def _judge_totals(history: History, ledger: list[dict[str, Any]], usage: dict[str, Any]) -> Verdict:
    group, since, until = usage["by"], usage["since"], usage["until"]
    totals = _totals(usage["totals"], group)
    # Half-open like the usage API, so that two adjacent ranges count each request once.
    booked = _sums((_name(row, group), row) for row in ledger if since <= row["at"] < until)
    ended = _sums((_name(line, group), line) for line in _journaled(history) if since <= line["at"] < until)
    if not totals == booked == ended:
        return failed(
            expected=f"totals by {group} equal the journals, {figures(ended)}, and the ledger, {figures(booked)}", actual=figures(totals)
        )
    return passed(f"by {group}: {figures(totals)}")


def own_usage(history: History) -> Verdict:
    """Each tenant received the totals of its own keys, as the journals have them, and of no other. It expects requests of two tenants."""
    answers = [event.data["own_usage"] for event in history.events("state", "orchestrator") if "own_usage" in event.data]
    used: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in _journaled(history):
        used[line["tenant"]].append(line)
    if len(used) < 2 or not answers:
        actual = f"requests of {listed(sorted(map(str, used)))}, {counted(len(answers), 'answer')} of the usage API"
        return inconclusive(expected="requests of two tenants, and answers of the usage API to them", actual=actual)
    return worst([_judge_tenant(answer, used.get(answer["tenant"], [])) for answer in answers])


def _judge_tenant(answer: dict[str, Any], lines: list[dict[str, Any]]) -> Verdict:
    tenant, actual = answer["tenant"] or "a client without a tenant", _totals(answer["totals"], "key")
    expected = _sums((line["key"], line) for line in lines)
    if actual != expected:
        return failed(expected=f"{tenant} receives its own usage, {figures(expected)}", actual=figures(actual))
    return passed(f"{tenant} received {figures(actual)}")


def _journaled(history: History) -> Iterator[dict[str, Any]]:
    """Each request that ended in a journal, with the ledger's field names. `at` is the arrival, just after the ledger opened its row."""
    for arrival, end in journal_pairs(history):
        if end is not None:
            headers = arrival.data.get("headers", {})
            caller = {"key": headers.get("x-auth-subject"), "tenant": headers.get("x-auth-tenant")}
            tokens = {"prompt_tokens": end.data.get("prompt_tokens", 0), "completion_tokens": end.data.get("output_tokens", 0)}
            tokens["cached_tokens"] = end.data.get("cached_tokens", 0)
            yield {"worker": arrival.node, "model": arrival.data.get("model"), "at": arrival.data.get("time", 0.0)} | caller | tokens


def _name(line: dict[str, Any], group: str) -> str:
    """What a line has of each part of a group, such as `worker,model`."""
    return ", ".join(str(line[part]) for part in group.split(","))


def _totals(lines: Iterable[dict[str, Any]], group: str) -> Sums:
    return {_name(line, group): {name: line[name] for name in ("requests", *TOKENS)} for line in lines}


def _sums(lines: Iterable[tuple[str, dict[str, Any]]]) -> Sums:
    sums: Sums = defaultdict(lambda: dict.fromkeys(("requests", *TOKENS), 0))
    for name, line in lines:
        sums[name]["requests"] += 1
        for figure in TOKENS[:-1]:
            sums[name][figure] += line[figure]
        # Tokens from a worker's cache are a part of the prompt.
        sums[name]["total_tokens"] += line["prompt_tokens"] + line["completion_tokens"]
    return dict(sums)
