"""Check: claims."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, log, must_say, tell

from hivecheck.checks.observability.claims import claims
from hivecheck.history import History
from hivecheck.verdict import Verdict

HEADERS = {"X-Auth-Subject": "alice", "x-auth-tenant": "acme"}
AT_HIVE = {"subject": "alice", "tenant": "acme"}


def judged(history: History) -> Verdict:
    return claims(history, subject="alice", tenant="acme", hives={"worker-1": "hive-1"})


def test_subject_and_tenant_at_hive_and_worker_pass() -> None:
    told = chat()
    must_say(judged(tell(told, arrival(told, headers=HEADERS), log(told, "hive-1", **AT_HIVE))), PASSED, "alice", "acme")


@pytest.mark.parametrize(
    ("headers", "at_hive"),
    [
        ({}, AT_HIVE),
        (HEADERS | {"x-auth-tenant": "other"}, AT_HIVE),
        (HEADERS, AT_HIVE | {"subject": "bob"}),
        (HEADERS, {"event": "relayed"}),
    ],
)
def test_a_tier_that_saw_somebody_else_or_nobody_fails(headers: dict[str, str], at_hive: dict[str, Any]) -> None:
    told = chat()
    must_say(judged(tell(told, arrival(told, headers=headers), log(told, "hive-1", **at_hive))), FAILED, "hive-1", "worker-1")


def test_a_hive_that_says_two_things_fails() -> None:
    told = chat()
    lines = [log(told, "hive-1", **AT_HIVE), log(told, "hive-1", **AT_HIVE | {"tenant": "other"})]
    must_say(judged(tell(told, arrival(told, headers=HEADERS), lines)), FAILED, "other")


def test_a_request_that_reached_no_worker_is_inconclusive() -> None:
    must_say(judged(tell(chat())), INCONCLUSIVE, "arrival")


def test_no_request_is_inconclusive() -> None:
    must_say(judged(tell()), INCONCLUSIVE)
