"""Check: chat schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import FAILED, INCONCLUSIVE, PASSED, chat, completion, must_say, stream, tell

from hivecheck.checks.answers.chat_schema import chat_schema, faults

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
KEYS = sorted(completion())


def test_full_completion_passes() -> None:
    """A full chat completion passes."""
    must_say(chat_schema(tell(chat())), PASSED, "r1")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"id": ""}, "id is no string"),
        ({"object": "text_completion"}, "object is not chat.completion"),
        ({"created": "now"}, "created is no Unix time"),
        ({"model": "model-b"}, "model is 'model-b'"),
        ({"choices": []}, "no choice of index 0"),
        ({"choices": [{"index": 0, "message": {"role": "user", "content": "x"}, "finish_reason": "stop"}]}, "role is not assistant"),
        ({"choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]}, "content is empty"),
        ({"choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": None}]}, "finish_reason is None"),
        ({"usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 5}}, "usage does not add up"),
        ({"usage": None}, "usage does not add up"),
    ],
)
def test_wrong_field_fails(changes: dict[str, Any], word: str) -> None:
    """Each missing or wrong field fails by name."""
    must_say(chat_schema(tell(chat(body=completion(**changes)))), FAILED, word)


def test_repeated_id_fails() -> None:
    """Two answers with the same id fail."""
    must_say(chat_schema(tell(chat(1), chat(2, body=completion(id="c2")))), PASSED)
    must_say(chat_schema(tell(chat(1), chat(2))), FAILED, "c1 of 2 answers")


def test_other_status_fails() -> None:
    """Any status but 200 fails."""
    must_say(chat_schema(tell(chat(status=500))), FAILED, "status 500")


def test_no_json_fails() -> None:
    """A body that is no JSON fails."""
    must_say(chat_schema(tell(chat(body=None, raw="<html>"))), FAILED, "no JSON object")


def test_streams_are_inconclusive() -> None:
    """A scenario with streams only gives no verdict."""
    must_say(chat_schema(tell(stream())), INCONCLUSIVE)


@given(key=st.sampled_from(KEYS), value=ANY_JSON)
def test_any_field_value_is_judged(key: str, value: Any) -> None:
    """The check does not crash, whatever value one field has."""
    found = faults(completion(**{key: value}), "model-a")
    assert all(isinstance(fault, str) for fault in found)


@given(ANY_JSON)
def test_random_json_fails(body: Any) -> None:
    """Random JSON is never a chat completion."""
    assert faults(body, "model-a")
