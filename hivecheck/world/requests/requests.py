"""Composes everything that sends requests. One attribute is one kind of client."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.clients.raw_http import RawClient
from hivecheck.errors import UsageError
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.world.checker import Checker
from hivecheck.world.requests.batches import TOKENS, Batches
from hivecheck.world.requests.chats import Chats
from hivecheck.world.requests.direct import Direct
from hivecheck.world.requests.expectations import Expectations
from hivecheck.world.requests.hostile import Hostile
from hivecheck.world.requests.sdk import Sdk
from hivecheck.world.requests.sessions import Sessions, headers_of

BATCH, DIRECT, SESSION = "the batch", "the direct requests", "the session"
VERBATIM, VERBATIM_STREAM = "odd JSON and trace headers", "odd JSON and trace headers, as a stream"
UNKNOWN = "unknown fields and headers"


@dataclass(frozen=True)
class Requests:
    """`client` is the HTTP client that they share; `raw` sends bytes as they are."""

    client: OpenAIClient
    raw: RawClient
    chats: Chats
    batches: Batches
    sessions: Sessions
    sdk: Sdk
    hostile: Hostile
    direct: Direct
    expectations: Expectations

    @classmethod
    def compose(cls, stack: Stack, history: History, chats: Chats, checker: Checker, seed: str) -> Requests:
        """A fresh Requests for one scenario."""
        client = chats.gateway
        # Twice the budget, so a late refusal is measured as late instead of as a timeout of the client.
        raw = RawClient(client.url, history, patience_seconds=2 * stack.timeouts.rejection)
        batches = Batches(chats, stack, history, checker)
        return cls(
            client=client,
            raw=raw,
            chats=chats,
            batches=batches,
            # Each client has its own random sequence. So a new draw in one leaves the choices of the others as they are.
            sessions=Sessions(chats, random.Random(f"{seed} sessions"), headers_of(stack)),
            sdk=Sdk(client.url, stack.secrets, history),
            hostile=Hostile(raw, stack, history),
            direct=Direct(chats, stack, random.Random(f"{seed} callers")),
            expectations=Expectations(checker, batches, stack.models_by_worker),
        )

    def send(self, count: int, kind: str, models: list[str], simulate: str) -> None:
        """`count` requests of a kind of `KINDS`. Returns when all have ended."""
        if kind in PLAIN and simulate:
            raise UsageError(f"A {kind} simulates nothing of its own. Known with a simulation: {', '.join(sorted({*KINDS} - PLAIN))}.")
        if kind not in KINDS:
            raise UsageError(f"expected: one of {', '.join(sorted(KINDS))}\nactual: {kind}\nnext: send a batch for other kinds")
        KINDS[kind](self, models, count, simulate)

    def send_unchanged(self, path: str, model: str, extras: str) -> None:
        """One request with parts that the gateway must not change."""
        if extras == UNKNOWN:
            self.chats.send_unknown_fields(path, model)
        else:
            self.direct.send_verbatim(path, model, stream=extras == VERBATIM_STREAM)

    def disconnect(self, group: str) -> None:
        """The clients of the last batch, of the direct requests or of the session disconnect."""
        if group == BATCH:
            self.batches.leave()
        else:
            self.direct.leave()

    def leave(self) -> None:
        """Ends every request that still runs."""
        self.chats.leave()
        self.direct.leave()
        self.hostile.leave()


KINDS: dict[str, Callable[[Requests, list[str], int, str], None]] = {
    "chat": lambda to, models, count, simulate: to.chats.ask_many(models[0], count, simulate=simulate),
    "sequential chat": lambda to, models, count, simulate: to.chats.ask_many(models[0], count, 1, simulate),
    "concurrent chat": lambda to, models, count, simulate: to.chats.ask_many(models[0], count, count, simulate),
    "sequential stream": lambda to, models, count, simulate: to.chats.stream_many(models[0], count, TOKENS, simulate),
    "mixed request": lambda to, models, count, simulate: to.direct.ask_mixed(models, count),
    "timed chat": lambda to, models, count, simulate: to.direct.time(models[0], count, simulate, stream=False),
    "timed stream": lambda to, models, count, simulate: to.direct.time(models[0], count, simulate, stream=True),
}
PLAIN = {"mixed request"}
