"""Checks: usage totals, own usage."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, state, tell

from hivecheck.checks.usage.usage_totals import own_usage, usage_totals
from hivecheck.history import Event

EARLY, LATE = chat(1), chat(2)
ROWS = [
    {"at": 10.0, "worker": "worker-1", "model": "model-a", "key": "tester", "prompt_tokens": 2, "completion_tokens": 4, "cached_tokens": 0},
    {"at": 20.0, "worker": "worker-2", "model": "model-a", "key": "ada", "prompt_tokens": 2, "completion_tokens": 3, "cached_tokens": 1},
]


def journals() -> list[Event]:
    common = {"model": "model-a", "prompt_tokens": 2}
    return [
        arrival(EARLY, "worker-1", model="model-a", time=10.1, headers={"x-auth-subject": "tester"}),
        end(EARLY, "worker-1", output_tokens=4, **common),
        arrival(LATE, "worker-2", model="model-a", time=20.1, headers={"x-auth-subject": "ada"}),
        end(LATE, "worker-2", output_tokens=3, cached_tokens=1, **common),
    ]


def line(name: str, requests: int, completion: int, by: str = "worker", cached: int = 0) -> dict[str, Any]:
    tokens = {"prompt_tokens": 2 * requests, "completion_tokens": completion, "cached_tokens": cached}
    return {by: name, "requests": requests, "total_tokens": 2 * requests + completion} | tokens


def usage(*lines: dict[str, Any], by: str = "worker", since: float = 0.0, until: float = 100.0) -> Event:
    return state("orchestrator", usage={"by": by, "since": since, "until": until, "totals": list(lines)})


def test_equal_totals_pass() -> None:
    """Totals of each group and range that equal ledger and journals pass."""
    totals = [
        usage(line("worker-1", 1, 4), line("worker-2", 1, 3, cached=1)),
        usage(line("model-a", 2, 7, "model", cached=1), by="model"),
        usage(line("ada", 1, 3, "key", cached=1), by="key", since=15.0),
        usage(line("worker-1", 1, 4), until=15.0),
        usage(line("worker-1", 1, 4) | {"key": "tester"}, line("worker-2", 1, 3, cached=1) | {"key": "ada"}, by="worker,key"),
    ]
    must_say(usage_totals(tell(journals(), state("orchestrator", ledger=ROWS), totals)), PASSED)


@pytest.mark.parametrize(
    "wrong",
    [
        usage(line("worker-1", 1, 4)),
        usage(line("worker-1", 1, 4), line("worker-2", 1, 4, cached=1)),
        usage(line("worker-1", 2, 4), line("worker-2", 1, 3, cached=1)),
        usage(line("worker-1", 1, 4), line("worker-2", 1, 3, cached=1), since=15.0),
        usage(line("worker-1", 1, 4), line("worker-2", 1, 3)),
        usage(line("worker-1", 1, 4), line("worker-2", 1, 3, cached=1) | {"total_tokens": 6}),
        usage(line("worker-1", 2, 7, cached=1) | {"key": "ada"}, by="worker,key"),
    ],
)
def test_other_totals_fail(wrong: Event) -> None:
    """Totals that differ fail."""
    must_say(usage_totals(tell(journals(), state("orchestrator", ledger=ROWS), wrong)), FAILED, "equal the journals")


def test_other_ledger_fails() -> None:
    """A ledger that differs from the journals fails."""
    must_say(usage_totals(tell(journals(), state("orchestrator", ledger=ROWS[:1]), usage(line("worker-1", 1, 4)))), FAILED)


def test_totals_without_data_are_inconclusive() -> None:
    """No requests, no ledger, or no totals give no verdict."""
    ledger = state("orchestrator", ledger=ROWS)
    for items in ([journals(), ledger], [journals(), usage()], [ledger, usage()]):
        must_say(usage_totals(tell(*items)), INCONCLUSIVE)


ACME, GLOBEX = line("acme", 2, 8, "key"), line("globex", 1, 4, "key")


def tenant_journals(*tenants: str) -> list[Event]:
    lines = []
    for number, tenant in enumerate(tenants, 1):
        one = chat(number)
        lines.append(arrival(one, headers={"x-auth-subject": tenant, "x-auth-tenant": tenant}))
        lines.append(end(one, prompt_tokens=2, output_tokens=4))
    return lines


def answered(tenant: str | None, *totals: dict[str, Any]) -> Event:
    return state("orchestrator", own_usage={"tenant": tenant, "totals": list(totals)})


JOURNALS = tenant_journals("acme", "acme", "globex")


def test_own_usage_passes() -> None:
    """Each tenant with its own totals passes, and a third tenant receives none."""
    must_say(own_usage(tell(JOURNALS, answered("acme", ACME), answered("globex", GLOBEX), answered("third"))), PASSED)


@pytest.mark.parametrize("wrong", [[ACME, GLOBEX], [], [ACME | {"requests": 3}], [ACME | {"completion_tokens": 9}]])
def test_other_usage_fails(wrong: list[dict[str, Any]]) -> None:
    """Totals of another tenant, and missing or wrong totals, fail."""
    must_say(own_usage(tell(JOURNALS, answered("acme", *wrong))), FAILED, "acme receives its own usage")
    must_say(own_usage(tell(JOURNALS, answered(None, ACME))), FAILED, "a client without a tenant receives its own usage")


def test_own_usage_of_one_tenant_is_inconclusive() -> None:
    """Requests of one tenant only, or no answer of the usage API, give no verdict."""
    must_say(own_usage(tell(tenant_journals("acme"), answered("acme", ACME))), INCONCLUSIVE)
    must_say(own_usage(tell(JOURNALS)), INCONCLUSIVE)
