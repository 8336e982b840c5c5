"""Somebody else's requests: sent to a worker past the gateway, which learns of them only by what the worker reports."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from hivecheck.clients.openai_api import OpenAIClient, PendingRequest, Request
from hivecheck.errors import ConditionTimeoutError
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually
from hivecheck.world.requests.chats import BODIES, CHAT

PURPOSE = "elsewhere"
# Long enough that all but the first still wait when the gateway has heard of them; a request that gets in behind them still ends.
PACE = "ttft=2"


@dataclass
class Occupiers:
    """`calls` are those under way; nobody waits for their end."""

    sender: OpenAIClient
    stack: Stack
    calls: list[PendingRequest] = field(default_factory=list)

    def occupy(self, worker: str, count: int) -> None:
        """So many requests at one worker, by way of its hive, one after the other."""
        hive = self.stack.hive_of(worker)
        model = hive.workers()[worker]["models"][0]
        for _ in range(count):
            request = Request(
                CHAT,
                model,
                {"model": model} | BODIES[CHAT],
                headers={"X-Simulate": PACE},
                purpose=PURPOSE,
                base_url=f"{hive.url}/workers/{worker}",
                token=self.stack.secrets.token,
            )
            self.calls.append(self.sender.start(request))

    def await_report(self, worker: str, waiting: int, within: float) -> None:
        """The gateway knows, from the worker's heartbeats, that so many requests or more wait there."""

        def reported() -> float:
            return float((self.stack.orchestrator.worker(worker) or {}).get("metrics", {}).get("waiting", 0))

        eventually(reported, within=within, what=f"{waiting} requests reported to wait at {worker}", until=lambda count: count >= waiting)

    def leave(self) -> None:
        """All of them are given up."""
        for call in self.calls:
            call.leave()
        with contextlib.suppress(ConditionTimeoutError):
            eventually(lambda: all(call.is_done for call in self.calls), within=5, what="every rival gone")
