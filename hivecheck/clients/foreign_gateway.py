"""Somebody else's gateway as the stack asks it: whether it serves, and nothing that only the reference orchestrator would know."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from hivecheck.clients.control import ControlClient, Reply
from hivecheck.clients.gateway import GatewayClient
from hivecheck.errors import ClientError, InconclusiveError

ANSWER_SECONDS = 2.0
HttpCall = tuple[str, str, Any]


@dataclass(frozen=True)
class GatewayProfile:
    """How this gateway is dealt with: where it is asked and what is odd about an answer, and the calls that tell it of its workers."""

    name: str
    ready_path: str
    oddity: Callable[[Reply], str | None]
    introductions: Sequence[HttpCall] = ()


class ForeignGateway(GatewayClient):
    """Its workers are open (no token) and are asked themselves how much they have in hand."""

    is_reference = False

    def __init__(self, url: str, key: str, manners: GatewayProfile, workers: Sequence[str]) -> None:
        super().__init__(url, "", ANSWER_SECONDS)
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._manners = manners
        self._workers = [ControlClient(worker, "", ANSWER_SECONDS) for worker in workers]

    def not_routing_to(self, declared: Collection[str]) -> str | None:
        """What its readiness condition lacks. Until it holds, the gateway is told of its workers, again and again."""
        odd = self._oddity()
        if odd is None:
            return None
        for method, path, body in self._manners.introductions:
            with contextlib.suppress(ClientError):
                self.ask(method, path, body=body)
        return odd

    def in_flight(self) -> int:
        """What the workers have in hand: the gateway's own count, if it has one, is what is under test."""
        shown = [worker.get("/health") for worker in self._workers]
        return sum(int(health["running"]) + int(health["waiting"]) for health in shown)

    def is_ready(self) -> bool:
        return self._oddity() is None

    def health(self) -> NoReturn:
        self._has_no("health of hives")

    def stats(self) -> NoReturn:
        self._has_no("statistics")

    def services(self) -> NoReturn:
        self._has_no("list of services")

    def status(self) -> NoReturn:
        self._has_no("cluster status")

    def workers(self) -> NoReturn:
        self._has_no("view of workers")

    def worker(self, identifier: str) -> NoReturn:
        self._has_no("view of workers")

    def close(self) -> None:
        super().close()
        for worker in self._workers:
            worker.close()

    def _oddity(self) -> str | None:
        try:
            reply = self.ask("GET", self._manners.ready_path)
        except ClientError as error:
            return str(error)
        return self._manners.oddity(reply)

    def _has_no(self, what: str) -> NoReturn:
        # No ClientError: waiting would take that for "not yet", and its end for a fault of the gateway.
        raise InconclusiveError(
            f"{self._manners.name} is somebody else's gateway: it has no {what} that we could ask; exempt this scenario."
        )
