"""The client sends one line for each request and reads one line. Nonsense, refusals and silence are errors."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from hivecheck.errors import ClientError
from hivecheck.netagent.client import NetAgent
from hivecheck.netagent.rule import Counters, Rule

READY = b'{"ready": true}'


class Script:
    """A channel with prepared answers."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.sent, self.is_closed = list(answers), list[bytes](), False

    def send(self, line: bytes) -> None:
        self.sent.append(line)

    def receive(self) -> bytes:
        if not self.answers:
            raise ClientError("the netagent has ended")
        return self.answers.pop(0)

    def close(self) -> None:
        self.is_closed = True


def test_apply() -> None:
    """A rule is sent with all its fields."""
    channel = Script(READY, b'{"rules": ["r1"]}')
    NetAgent(channel).apply("r1", Rule(("10.0.0.2",), 5.0, loss=0.3))
    sent = json.loads(channel.sent[0])
    assert (sent["do"], sent["name"], sent["rule"]["peers"], sent["rule"]["loss"]) == ("apply", "r1", ["10.0.0.2"], 0.3)


def test_counters() -> None:
    """Counters keep their names."""
    agent = NetAgent(
        Script(
            READY, b'{"rules": ["r1"], "matched": 3, "dropped": 2, "attempts": [0.5], "is_saturated": true, "mechanism": "NFQUEUE by x"}'
        )
    )
    counted = agent.counters("r1")
    assert counted == Counters(matched=3, dropped=2, attempts=(0.5,), is_saturated=True, mechanism="NFQUEUE by x", rules=("r1",))
    assert "2 dropped" in counted.sentence()
    assert "SATURATED" in counted.sentence()


@pytest.mark.parametrize(
    ("answers", "match"),
    [
        ([b'{"error": "OSError: Operation not permitted"}'], r"accepts the command\nactual: OSError: Operation not permitted"),
        ([b"Traceback (most recent call last):"], "expected: an answer of the netagent"),
        ([], "has ended"),
    ],
)
def test_agent_not_ready(answers: Sequence[bytes], match: str) -> None:
    """An agent that does not get ready is an error, and its channel is closed."""
    channel = Script(*answers)
    with pytest.raises(ClientError, match=match):
        NetAgent(channel)
    assert channel.is_closed


def test_rules_left() -> None:
    """A rule that the kernel still holds at the end is an error."""
    channel = Script(READY, b'{"left": ["-A INPUT -j hivecheck-run"]}')
    with pytest.raises(ClientError, match="expected: no rule left"):
        NetAgent(channel).end()
    assert channel.is_closed
