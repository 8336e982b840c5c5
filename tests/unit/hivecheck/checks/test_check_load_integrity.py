"""Check: load integrity."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, completion, must_say, refused, state, stream, tell

from hivecheck.checks.recovery.load_integrity import load_integrity
from hivecheck.history import CLIENT_LEFT, Operation, Token
from hivecheck.measurement.recovery import LOAD

WHOLE = completion(choices=[{"index": 0, "message": {"role": "assistant", "content": "t0 t1 t2 t3"}, "finish_reason": "stop"}])


def unary(number: int, **changes: Any) -> Operation:
    return chat(number, **({"purpose": LOAD, "body": WHOLE} | changes))


def streamed(number: int, **changes: Any) -> Operation:
    return stream(number, count=4, purpose=LOAD, **changes)


def ledger(**tokens: int) -> Any:
    return state("orchestrator", ledger=[{"request_id": name, "completion_tokens": count} for name, count in tokens.items()])


def test_right_answers_and_visible_failures_pass() -> None:
    """Right answers, refusals and visible breaks that are booked once pass."""
    broken = streamed(3, tokens=(Token(0.1, "t0 "),), error="cut", saw_done=False, finish_reason=None)
    refusal = refused(4, purpose=LOAD)
    story = [unary(1), streamed(2), broken, refusal, unary(5, status=None, error="refused"), ledger(r1=4, r2=4, r3=1)]
    must_say(load_integrity(tell(*story)), PASSED, "2 answers right and booked once, 3 visible failures")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (unary(2, body=completion()), "2 of 4 tokens"),
        (unary(2, body=WHOLE | {"model": "model-b"}), "the answer of model-b"),
        (unary(2, headers={"x-request-id": "r9"}), "the answer to r9"),
        (streamed(2, tokens=tuple(Token(0.1, text) for text in ("t0 ", "t1 ", "t1 ", "t2 "))), "instead of"),
        (streamed(2, finish_reason=None), "no finish reason"),
        (streamed(2, error="cut"), "it broke off and has an end marker"),
        (streamed(2, error="cut", saw_done=False, tokens=(Token(0.1, "t1 "),)), "instead of"),
        (unary(2, status=500, body={"oh": "no"}), "a refusal without an error object"),
    ],
)
def test_misleading_answer_fails(wrong: Operation, words: str) -> None:
    """An answer that misleads its client fails by name."""
    must_say(load_integrity(tell(unary(1), wrong, ledger(r1=4, r2=4))), FAILED, words)


def test_wrong_booking_fails() -> None:
    """An answer that is not booked, or has other tokens in the ledger, fails."""
    must_say(load_integrity(tell(unary(1), ledger())), FAILED, "booked 0 times")
    must_say(load_integrity(tell(unary(1), ledger(r1=3))), FAILED, "booked with 3 tokens")


def test_double_booking_fails() -> None:
    """A request that is booked twice fails."""
    twice = state("orchestrator", ledger=[{"request_id": "r1", "completion_tokens": 4}] * 2)
    must_say(load_integrity(tell(unary(1), twice)), FAILED, "booked 2 times")


def test_too_little_data_is_inconclusive() -> None:
    """No answer, or no note of the ledger, gives no verdict."""
    must_say(load_integrity(tell(unary(1))), INCONCLUSIVE, "1 request of the load, 0 notes")
    must_say(load_integrity(tell(unary(1, error=CLIENT_LEFT), ledger(r1=4))), INCONCLUSIVE, "0 requests of the load, 1 note")
