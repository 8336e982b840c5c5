"""The harness's hand on one agent: it speaks JSON lines over a channel whose end is the agent's end. Knows no engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from hivecheck.errors import ClientError
from hivecheck.netagent.rule import Counters, Rule


class Channel(Protocol):
    """A way to an agent's standard input and output. Both raise ClientError when it is gone or silent."""

    def send(self, line: bytes) -> None: ...

    def receive(self) -> bytes:
        """The next line of its output."""

    def close(self) -> None:
        """The agent's input ends, and so the agent."""


class NetAgent:
    """An agent that is ready. Every method raises ClientError when it refuses or is gone."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        try:
            self._answer()
        except ClientError:
            channel.close()
            raise

    def apply(self, name: str, rule: Rule) -> None:
        """From now on this rule holds; one of the same name is replaced."""
        self._ask(do="apply", name=name, rule=rule.told())

    def remove(self, name: str) -> Counters:
        """Harmless when it is over already."""
        return _counters(self._ask(do="remove", name=name))

    def counters(self, name: str) -> Counters:
        return _counters(self._ask(do="count", name=name))

    def probe(self, name: str, hosts: Sequence[str], port: int) -> Counters:
        """The same, after a connection to each of these hosts (by name) was begun from the node's own network."""
        return _counters(self._ask(do="probe", name=name, at=list(hosts), port=port))

    def end(self) -> None:
        """The agent takes its chain along. Raises ClientError when the kernel still shows some of it."""
        try:
            left = self._ask(do="end")["left"]
        finally:
            self._channel.close()
        if left:
            raise ClientError(f"expected: no rule left by the netagent\nactual: {left}")

    def abandon(self) -> None:
        """Its input ends; what it does then nobody asks."""
        self._channel.close()

    def _ask(self, **command: Any) -> dict[str, Any]:
        self._channel.send(json.dumps(command).encode() + b"\n")
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._channel.receive()
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            raise ClientError(f"expected: an answer of the netagent\nactual: {line[:500]!r}") from None
        if "error" in told:
            raise ClientError(f"the netagent refuses: {told['error']}")
        return told


def _counters(told: dict[str, Any]) -> Counters:
    lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return Counters(**{**told, **lists})
