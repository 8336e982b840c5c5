"""What the parameter types of request steps make of the words of a step."""

from __future__ import annotations

import re

import pytest

from hivecheck.bdd.parameter_types import TYPES


def converted(name: str, text: str) -> object:
    """The value of a parameter, once its pattern has matched the whole text."""
    pattern, convert, _ = TYPES[name]
    assert re.fullmatch(pattern, text), f"{name} does not take {text!r}"
    return convert(text)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Client", "a client", "a valid key"),
        ("Client", "a client with a token of ada from engines", "a token of ada from engines"),
        ("Within", "", ""),
        ("Within", " within the convergence time", "convergence"),
        ("Total", "", None),
        ("Total", ", 12 in total", 12),
        ("Event", "", None),
        ("Event", " with error event draining", "draining"),
        ("Refusal", "", {}),
        ("Refusal", ", naming messages[0].role", {"param": "messages[0].role"}),
        ("Refusal", ", naming nothing", {"param": None}),
        ("Refusal", ", with a Retry-After header", {"has_retry_after": True}),
        ("Hits", ", after one upstream request each", None),
        ("Hits", ", before any upstream request", (0, 0)),
        ("Hits", ", after 33 to 36 upstream requests", (33, 36)),
        ("TimeLimit", "hung request time", "hung request"),
        ("TimeLimit", "time that the gateway promises", None),
        ("Kind", "sequential chats", "sequential chat"),
        ("Simulating", "", ""),
        ("Simulating", ", simulating a 503 response at worker-1", "at=worker-1;fault=status:503"),
        ("Offers", "still offers", True),
        ("Offers", "no longer offers", False),
        ("ServedBy", "exactly one worker of its model", ""),
        ("ServedBy", "worker-1", "worker-1"),
        ("ServedBy", "that worker", "that worker"),
        ("Share", "35 percent of the requests", 0.35),
        ("Share", "2 of the requests", 2),
        ("AtOnce", "requests of the batch at once", " of the batch"),
        ("AtOnce", "request at once, while others waited", ""),
        ("Staying", ", and the sessions use at least 2 workers", {"spread": 2}),
        ("Staying", ", despite 1 failed turn", {"failed_turns": 1}),
        ("Direction", "to worker-9, and some forgotten sessions did", "worker-9"),
        ("Raised", ", before any upstream request", {"calls": 0, "most": 0}),
        ("Raised", ", after 2 calls and at most 4 upstream requests", {"calls": 2, "most": 4}),
        ("WithStatus", "", {}),
        ("WithStatus", " with status 413", {"status": 413}),
    ],
)
def test_type_converts_text(name: str, text: str, value: object) -> None:
    """Each suffix of a step becomes a value, and an absent suffix becomes the value that demands nothing."""
    assert converted(name, text) == value


@pytest.mark.parametrize("name", TYPES)
def test_type_has_no_capturing_group(name: str) -> None:
    """A capturing group inside a type would shift the parameters of a step."""
    assert re.compile(TYPES[name][0]).groups == 0
