"""Check: sound logs."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, chat, log, must_say, tell

from hivecheck.checks.observability.no_log_injection import no_log_injection

OWN = log(chat(), "orchestrator", event="request")


def test_structured_lines_pass() -> None:
    must_say(no_log_injection(tell(OWN, log(chat(), "hive-1", text="torn")), node="orchestrator"), PASSED, "1 lines")


def test_a_torn_or_a_forged_line_fails() -> None:
    must_say(no_log_injection(tell(OWN, log(chat(), "orchestrator", text="torn")), node="orchestrator"), FAILED, "torn")
    must_say(no_log_injection(tell(OWN, log(chat(), "orchestrator", event="forged")), node="orchestrator"), FAILED, "forged")


def test_no_line_is_inconclusive() -> None:
    must_say(no_log_injection(tell(), node="orchestrator"), INCONCLUSIVE)
