"""Check: correlation."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, log, must_say, tell

from hivecheck.checks.observability.correlation import correlation
from hivecheck.history import History
from hivecheck.verdict import Verdict

TIERS = ("orchestrator", "hive-1", "worker-1")


def judged(history: History) -> Verdict:
    return correlation(history, orchestrator="orchestrator", hives={"worker-1": "hive-1"})


def test_a_line_of_every_tier_under_one_id_passes() -> None:
    told = chat()
    must_say(judged(tell(told, [log(told, tier) for tier in TIERS])), PASSED, *TIERS)


@pytest.mark.parametrize("silent", TIERS)
def test_a_silent_tier_fails_by_name(silent: str) -> None:
    told = chat()
    must_say(judged(tell(told, [log(told, tier) for tier in TIERS if tier != silent])), FAILED, f"['{silent}']")


def test_lines_under_another_id_do_not_count() -> None:
    told, other = chat(1), chat(2)
    must_say(judged(tell(told, [log(other, tier) for tier in TIERS])), FAILED, "r1")


def test_an_answer_with_another_id_fails() -> None:
    told = chat(headers={"X-Worker-Id": "worker-1", "X-Request-Id": "r9"})
    must_say(judged(tell(told, [log(told, tier) for tier in TIERS])), FAILED, "r9")


@pytest.mark.parametrize("headers", [{}, {"X-Worker-Id": "worker-9"}])
def test_an_answer_that_names_no_known_worker_is_inconclusive(headers: dict[str, str]) -> None:
    must_say(judged(tell(chat(headers=headers))), INCONCLUSIVE, "names its worker")
