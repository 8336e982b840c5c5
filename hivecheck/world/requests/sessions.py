"""Clients that hold sessions: several turns each, named by header or body, every turn with all that was said before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.facts import SESSION_HEADERS
from hivecheck.clients.openai_api import PendingRequest, Request
from hivecheck.errors import InconclusiveError
from hivecheck.world.requests.chats import BODIES, CHAT, Chats
from hivecheck.world.requests.credentials import credential

ANSWER_TOKENS = 4
ANSWER = "".join(f"t{number} " for number in range(ANSWER_TOKENS))  # what the bundled worker says, for the client to repeat
FAILING = "fault=status:500"


@dataclass
class Session:
    """One conversation. `place` decides, with the number of the turn, by which of the ways the session is named."""

    name: str
    place: int
    model: str
    who: str
    words: int = 2
    is_stream: bool = False
    turns: int = 0


@dataclass
class Sessions:
    """`held` are the sessions of the scenario, with names that no other scenario used."""

    clients: Chats
    random: random.Random
    held: list[Session] = field(default_factory=list)

    def begin(self, model: str, count: int, turns: int = 1, who: Sequence[str] = ("a valid key",)) -> None:
        """`count` sessions of new names, held by each of `who`, take so many turns."""
        prefix = f"{self.random.getrandbits(32):08x}"
        self.held += [Session(f"{prefix}-{number}", number, model, owner) for number in range(count) for owner in who]
        for _ in range(turns):
            self.take_turn()

    def begin_long(self, model: str, words: int, turns: int) -> None:
        """One session, streamed, whose first prompt has so many words."""
        self.held.append(Session(f"{self.random.getrandbits(32):08x}", 0, model, "a valid key", words, is_stream=True))
        for _ in range(turns):
            self.take_turn()

    def take_turn(self) -> None:
        """The next turn of every session, all at once."""
        if not self.held:
            raise InconclusiveError("No session was begun; say so in an earlier step.")
        self.clients.wait([self._say(session, CHAT) for session in self.held])

    def visit_every_path(self, model: str, count: int) -> None:
        """`count` sessions, each calling every path of the API."""
        self.begin(model, count, turns=0)
        for path in BODIES:
            self.clients.wait([self._say(session, path) for session in self.held])

    def fail_a_turn(self) -> None:
        """A turn of the first session, during which every worker answers with an error."""
        self.clients.wait([self._say(self.held[0], CHAT, {"X-Simulate": FAILING})])

    def _say(self, session: Session, path: str, headers: dict[str, str] | None = None) -> PendingRequest:
        way = (session.place + session.turns) % (len(SESSION_HEADERS) + 1)
        body = {"model": session.model} | BODIES[path] | (_conversation(session) if path == CHAT else {})
        sent = dict(headers or {})
        if way < len(SESSION_HEADERS):
            sent[SESSION_HEADERS[way]] = session.name
        else:
            body["session_id"] = session.name
        session.turns += 1
        return self.clients.send(Request(path, session.model, body, credential(session.who, self.clients.secrets), sent))


def _conversation(session: Session) -> dict[str, Any]:
    """What was said so far, and one thing more."""
    opening = " ".join(f"word{number}" for number in range(session.words))
    messages = [{"role": "user", "content": opening}]
    for turn in range(session.turns):
        messages += [{"role": "assistant", "content": ANSWER}, {"role": "user", "content": f"and then {turn}"}]
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if session.is_stream else {}
    return {"messages": messages, "max_tokens": ANSWER_TOKENS} | streamed
