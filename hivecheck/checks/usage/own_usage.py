"""Each tenant was shown the usage of its own keys, as the workers' journals have it, and nothing of another tenant's."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hivecheck.history import History, journal_pairs
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

FIGURES = ("requests", "prompt_tokens", "completion_tokens")


def own_usage(history: History) -> Verdict:
    """Judges every answer noted; meant for requests that each came to their end at their first worker."""
    shown = [event.data["own_usage"] for event in history.events("state", "orchestrator") if "own_usage" in event.data]
    used = _used(history)
    if len(used) < 2 or not shown:
        return inconclusive(expected="requests of two tenants, and what each was shown", actual=f"{sorted(used)}, {len(shown)} shown")
    return worst([_judge_one(one, used) for one in shown])


def _judge_one(shown: dict[str, Any], used: dict[str, dict[str, dict[str, int]]]) -> Verdict:
    tenant, expected = shown["tenant"], used.get(shown["tenant"], {})
    actual = {line["key"]: {name: line[name] for name in FIGURES} for line in shown["totals"]}
    return (
        passed(f"{tenant} saw {actual}")
        if actual == expected
        else failed(expected=f"{tenant} sees its own usage, {expected}", actual=f"{actual}")
    )


def _used(history: History) -> dict[str, dict[str, dict[str, int]]]:
    """By tenant and key: what the journals say of the requests that ended."""
    used: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: dict.fromkeys(FIGURES, 0)))
    for arrival, end in journal_pairs(history):
        if end is not None:
            headers = arrival.data.get("headers", {})
            sums = used[headers.get("x-auth-tenant")][headers.get("x-auth-subject")]
            sums["requests"] += 1
            sums["prompt_tokens"] += end.data.get("prompt_tokens", 0)
            sums["completion_tokens"] += end.data.get("output_tokens", 0)
    return {tenant: dict(sums) for tenant, sums in used.items()}
