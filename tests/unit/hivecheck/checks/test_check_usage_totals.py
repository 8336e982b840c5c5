"""Check: usage totals."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, state, tell

from hivecheck.checks.usage.usage_totals import usage_totals
from hivecheck.history import Event

EARLY, LATE = chat(1), chat(2)
ROWS = [
    {"at": 10.0, "worker": "worker-1", "model": "model-a", "key": "tester", "prompt_tokens": 2, "completion_tokens": 4},
    {"at": 20.0, "worker": "worker-2", "model": "model-a", "key": "ada", "prompt_tokens": 2, "completion_tokens": 3},
]


def journals() -> list[Event]:
    told = {"model": "model-a", "prompt_tokens": 2}
    return [
        arrival(EARLY, "worker-1", model="model-a", time=10.1, headers={"x-auth-subject": "tester"}),
        end(EARLY, "worker-1", output_tokens=4, **told),
        arrival(LATE, "worker-2", model="model-a", time=20.1, headers={"x-auth-subject": "ada"}),
        end(LATE, "worker-2", output_tokens=3, **told),
    ]


def line(name: str, requests: int, completion: int, by: str = "worker") -> dict[str, Any]:
    return {by: name, "requests": requests, "prompt_tokens": 2 * requests, "completion_tokens": completion, "total_tokens": 0}


def usage(*lines: dict[str, Any], by: str = "worker", since: float = 0.0, until: float = 100.0) -> Event:
    return state("orchestrator", usage={"by": by, "since": since, "until": until, "totals": list(lines)})


def test_totals_of_each_group_and_range_that_equal_both_pass() -> None:
    told = [
        usage(line("worker-1", 1, 4), line("worker-2", 1, 3)),
        usage(line("model-a", 2, 7, "model"), by="model"),
        usage(line("ada", 1, 3, "key"), by="key", since=15.0),
        usage(line("worker-1", 1, 4), until=15.0),
    ]
    must_say(usage_totals(tell(journals(), state("orchestrator", ledger=ROWS), told)), PASSED)


@pytest.mark.parametrize(
    "wrong",
    [
        usage(line("worker-1", 1, 4)),
        usage(line("worker-1", 1, 4), line("worker-2", 1, 4)),
        usage(line("worker-1", 2, 4), line("worker-2", 1, 3)),
        usage(line("worker-1", 1, 4), line("worker-2", 1, 3), since=15.0),
    ],
)
def test_totals_that_differ_fail(wrong: Event) -> None:
    must_say(usage_totals(tell(journals(), state("orchestrator", ledger=ROWS), wrong)), FAILED, "of the journals")


def test_a_ledger_that_is_not_the_journals_fails() -> None:
    must_say(usage_totals(tell(journals(), state("orchestrator", ledger=ROWS[:1]), usage(line("worker-1", 1, 4)))), FAILED)


def test_without_requests_ledger_or_totals_it_is_inconclusive() -> None:
    ledger = state("orchestrator", ledger=ROWS)
    for items in ([journals(), ledger], [journals(), usage()], [ledger, usage()]):
        must_say(usage_totals(tell(*items)), INCONCLUSIVE)
