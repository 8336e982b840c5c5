"""Check: no log injection."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, chat, log, must_say, tell

from hivecheck.checks.observability.no_log_injection import no_log_injection

OWN = log(chat(), "orchestrator", event="request")


def test_own_lines_pass() -> None:
    """Structured lines pass, and those of other nodes do not count."""
    must_say(no_log_injection(tell(OWN, log(chat(), "hive-1", text="torn")), node="orchestrator"), PASSED, "1 line ")


def test_foreign_line_fails() -> None:
    """A torn line or a forged line fails."""
    must_say(no_log_injection(tell(OWN, log(chat(), "orchestrator", text="torn")), node="orchestrator"), FAILED, "torn")
    must_say(no_log_injection(tell(OWN, log(chat(), "orchestrator", event="forged")), node="orchestrator"), FAILED, "forged")


def test_no_line_is_inconclusive() -> None:
    """A log without lines gives no verdict."""
    must_say(no_log_injection(tell(), node="orchestrator"), INCONCLUSIVE)
