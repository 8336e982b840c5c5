"""Check: load sound."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, completion, must_say, refused, state, stream, tell

from hivecheck.checks.recovery.load_integrity import load_integrity
from hivecheck.history import Operation, Token
from hivecheck.measurement.recovery import LEFT, LOAD

WHOLE = completion(choices=[{"index": 0, "message": {"role": "assistant", "content": "t0 t1 t2 t3"}, "finish_reason": "stop"}])


def unary(number: int, **changes: Any) -> Operation:
    return chat(number, **({"purpose": LOAD, "body": WHOLE} | changes))


def streamed(number: int, **changes: Any) -> Operation:
    return stream(number, count=4, purpose=LOAD, **changes)


def ledger(**tokens: int) -> Any:
    return state("orchestrator", ledger=[{"request_id": name, "completion_tokens": count} for name, count in tokens.items()])


def test_whole_answers_refusals_and_visible_breaks_that_are_booked_once_pass() -> None:
    broken = streamed(3, tokens=(Token(0.1, "t0 "),), error="cut", saw_done=False, finish_reason=None)
    refusal = refused(4, purpose=LOAD)
    story = [unary(1), streamed(2), broken, refusal, unary(5, status=None, error="refused"), ledger(r1=4, r2=4, r3=1)]
    must_say(load_integrity(tell(*story)), PASSED, "2 whole answers booked once, 3 others")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (unary(2, body=completion()), "2 tokens of 4"),
        (unary(2, body=WHOLE | {"model": "model-b"}), "the answer of model-b"),
        (unary(2, headers={"x-request-id": "r9"}), "the answer to r9"),
        (streamed(2, tokens=tuple(Token(0.1, text) for text in ("t0 ", "t1 ", "t1 ", "t2 "))), "in order they would be"),
        (streamed(2, finish_reason=None), "no finish reason"),
        (streamed(2, error="cut"), "an answer that broke off, with an end marker"),
        (streamed(2, error="cut", saw_done=False, tokens=(Token(0.1, "t1 "),)), "in order they would be"),
        (unary(2, status=500, body={"oh": "no"}), "a refusal without an error object"),
    ],
)
def test_what_a_client_would_take_for_something_else_fails(wrong: Operation, words: str) -> None:
    must_say(load_integrity(tell(unary(1), wrong, ledger(r1=4, r2=4))), FAILED, words)


def test_an_answer_that_is_not_booked_or_with_other_tokens_fails() -> None:
    must_say(load_integrity(tell(unary(1), ledger())), FAILED, "booked 0 times")
    must_say(load_integrity(tell(unary(1), ledger(r1=3))), FAILED, "booked with 3 tokens")


def test_anything_that_is_booked_twice_fails() -> None:
    twice = state("orchestrator", ledger=[{"request_id": "r1", "completion_tokens": 4}] * 2)
    must_say(load_integrity(tell(unary(1), twice)), FAILED, "booked 2 times")


def test_without_answers_or_the_ledger_nothing_is_known() -> None:
    must_say(load_integrity(tell(unary(1))), INCONCLUSIVE, "1, 0 notes")
    must_say(load_integrity(tell(unary(1, error=LEFT), ledger(r1=4))), INCONCLUSIVE, "0, 1 notes")
