"""Sessions: conversations of several turns, named by header or body. Each turn repeats all earlier messages."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.facts import SESSION_HEADERS
from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import InconclusiveError
from hivecheck.stack.stack import Stack
from hivecheck.world.requests.chats import BODIES, CHAT, Chats
from hivecheck.world.requests.credentials import credential

ANSWER_TOKENS = 4
ANSWER = "".join(f"t{number} " for number in range(ANSWER_TOKENS))  # the bundled worker's response, which the client repeats
EVERY, ONE = "every session", "one session"
HELD = re.compile(r", with (\d+) turns each(?: and a first prompt of (\d+) words)?")


@dataclass(frozen=True)
class Holding:
    """How sessions are held. `paths` has one API path a turn, `words` is the length of the first prompt."""

    paths: tuple[str, ...] = (CHAT,)
    identity: tuple[str, ...] = ("a valid key",)
    words: int = 2
    is_stream: bool = False


HOLDINGS = {
    "": Holding(),
    ", with one request per API path": Holding(paths=tuple(BODIES)),
    ", with the same names for two tenants": Holding(identity=("a token of ada from acme", "a token of ada from globex")),
}


def holding(words: str) -> Holding:
    """How sessions are held, by the suffix in Gherkin. Sessions with a long first prompt are streamed."""
    turns = HELD.fullmatch(words)
    if turns is None:
        return HOLDINGS[words]
    paths = (CHAT,) * int(turns[1])
    return Holding(paths, words=int(turns[2]), is_stream=True) if turns[2] else Holding(paths)


@dataclass
class Session:
    """One conversation. `place` and the number of the turn decide which header or field carries the name."""

    name: str
    place: int
    model: str
    identity: str
    words: int = 2
    is_stream: bool = False
    turns: int = 0


@dataclass
class Sessions:
    """`held` are the sessions of the scenario. No other scenario uses their names. `headers` name a session at this gateway."""

    clients: Chats
    random: random.Random
    headers: tuple[str, ...]
    held: list[Session] = field(default_factory=list)

    def hold(self, model: str, count: int, how: Holding) -> None:
        """`count` sessions with new names for each of `how.identity` take their first turns."""
        # New names, because the gateway keeps the bindings of earlier scenarios on a shared stack.
        prefix = self.random.randrange(10**8, 10**9)
        self.held += [
            Session(f"{prefix}{number:03}", number, model, owner, how.words, how.is_stream)
            for number in range(count)
            for owner in how.identity
        ]
        for path in how.paths:
            self.take_turn(path=path)

    def take_turn(self, which: str = EVERY, simulate: str = "", path: str = CHAT) -> None:
        """The next turn of every session at once, or of one session."""
        if not self.held:
            raise InconclusiveError("expected: a session that an earlier step holds\nactual: none")
        headers = {"X-Simulate": simulate} if simulate else {}
        taking = self.held if which == EVERY else self.held[:1]
        self.clients.wait([self._send(session, path, headers) for session in taking])

    def _send(self, session: Session, path: str, headers: dict[str, str]) -> PendingRequest:
        # Each turn names the session in another way. A gateway that reads one way only loses the session at the second turn.
        way = (session.place + session.turns) % (len(self.headers) + 1)
        body = {"model": session.model} | BODIES[path] | (_conversation(session) if path == CHAT else {})
        # Some clients send every header, and leave those empty that they do not use.
        sent = headers if path == CHAT else headers | dict.fromkeys(self.headers, "")
        if way < len(self.headers):
            sent = sent | {self.headers[way]: session.name}
        else:
            body["session_id"] = session.name if session.place % 2 else int(session.name)
        session.turns += 1
        return self.clients.send(Request(path, session.model, body, credential(session.identity, self.clients.secrets), sent))


def headers_of(stack: Stack) -> tuple[str, ...]:
    """The headers that name a session at the gateway under test."""
    # A header that the gateway is not configured for names no session: its turns would move, and the gateway would be blamed.
    configured = [tuple(node.settings.get("session_headers", SESSION_HEADERS[:1])) for node in stack.topology.of("orchestrator")]
    return SESSION_HEADERS if stack.target else configured[0]


def _conversation(session: Session) -> dict[str, Any]:
    """All earlier messages and a new one."""
    opening = " ".join(f"word{number}" for number in range(session.words))
    messages = [{"role": "user", "content": opening}]
    for turn in range(session.turns):
        messages += [{"role": "assistant", "content": ANSWER}, {"role": "user", "content": f"and then {turn}"}]
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if session.is_stream else {}
    return {"messages": messages, "max_tokens": ANSWER_TOKENS} | streamed
