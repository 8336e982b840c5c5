"""Composes everything that sends requests. One attribute is one kind of client."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.clients.raw_http import RawClient
from hivecheck.history import History
from hivecheck.stack.stack import Stack
from hivecheck.world.checker import Checker
from hivecheck.world.requests.batches import Batches
from hivecheck.world.requests.chats import Chats
from hivecheck.world.requests.direct import Direct
from hivecheck.world.requests.hostile import Hostile
from hivecheck.world.requests.leavers import Cancellations
from hivecheck.world.requests.rivals import Occupiers
from hivecheck.world.requests.sdk import Sdk
from hivecheck.world.requests.sessions import Sessions


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
    occupiers: Occupiers
    cancellations: Cancellations

    @classmethod
    def compose(cls, stack: Stack, history: History, chats: Chats, checker: Checker, seed: str) -> Requests:
        """A fresh Requests for one scenario."""
        client = chats.gateway
        raw = RawClient(client.url, history, patience_seconds=2 * stack.timeouts.rejection)
        batches = Batches(chats, stack, history, checker)
        return cls(
            client=client,
            raw=raw,
            chats=chats,
            batches=batches,
            sessions=Sessions(chats, random.Random(f"{seed} sessions")),
            sdk=Sdk(client.url, stack.secrets, history),
            hostile=Hostile(raw, stack, history),
            direct=Direct(chats, stack, random.Random(f"{seed} callers")),
            occupiers=Occupiers(client, stack),
            cancellations=Cancellations(batches),
        )

    def leave(self) -> None:
        """Ends every request that still runs."""
        self.chats.leave()
        self.occupiers.leave()
        self.hostile.leave()
