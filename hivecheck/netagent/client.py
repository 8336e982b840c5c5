"""The harness's client of one netagent: JSON lines over a channel. The netagent exits when the channel closes. Knows no engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from hivecheck.errors import ClientError
from hivecheck.netagent.rule import Counters, Rule


class Channel(Protocol):
    """A netagent's standard input and output. Both methods raise ClientError when the netagent has exited or is silent."""

    def send(self, line: bytes) -> None: ...

    def receive(self) -> bytes:
        """The next line of the output."""

    def close(self) -> None:
        """End the netagent's input, and so the netagent."""


class NetAgent:
    """A netagent that is ready. Every method raises ClientError when the netagent refuses or has exited."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        try:
            self._answer()
        except ClientError:
            channel.close()
            raise

    def apply(self, name: str, rule: Rule) -> None:
        """Activate the rule. It replaces a rule of the same name."""
        self._ask(do="apply", name=name, rule=rule.fields())

    def remove(self, name: str) -> Counters:
        """Harmless for a rule that is over."""
        return _counters(self._ask(do="remove", name=name))

    def counters(self, name: str) -> Counters:
        return _counters(self._ask(do="count", name=name))

    def probe(self, name: str, hosts: Sequence[str], port: int) -> Counters:
        """The counters, after the netagent has begun a connection to each of these hosts (by name) from the node's network."""
        return _counters(self._ask(do="probe", name=name, at=list(hosts), port=port))

    def end(self) -> None:
        """The netagent removes its chain and exits. Raises ClientError when the kernel still holds some of the chain."""
        try:
            left = self._ask(do="end")["left"]
        finally:
            self._channel.close()
        if left:
            raise ClientError(f"expected: no rule left by the netagent\nactual: {left}\nnext: restart the node")

    def abandon(self) -> None:
        """End the netagent's input, without a look at the result."""
        self._channel.close()

    def _ask(self, **command: Any) -> dict[str, Any]:
        self._channel.send(json.dumps(command).encode() + b"\n")
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._channel.receive()
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise ClientError(f"expected: an answer of the netagent\nactual: {line[:500]!r}\nnext: read the log of the side-car") from None
        if "error" in answer:
            raise ClientError(f"expected: the netagent accepts the command\nactual: {answer['error']}\nnext: run `hivecheck doctor`")
        return answer


def _counters(answer: dict[str, Any]) -> Counters:
    lists = {name: tuple(value) for name, value in answer.items() if isinstance(value, list)}
    return Counters(**{**answer, **lists})
