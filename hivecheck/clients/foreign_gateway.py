"""A gateway that is not the reference: whether it serves, and how much work its workers have. It has no status or usage API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from hivecheck.clients.control import ControlClient, Reply
from hivecheck.errors import ClientError

ANSWER_SECONDS = 2.0
HttpCall = tuple[str, str, Any]


@dataclass(frozen=True)
class GatewayProfile:
    """How the harness deals with this gateway: its readiness path, what is missing in a response, and the calls that register workers."""

    name: str
    ready_path: str
    missing: Callable[[Reply], str | None]
    registrations: Sequence[HttpCall] = ()


class ForeignGateway:
    """Implements `Gateway`. Its workers take requests without a token and report their own load."""

    def __init__(self, url: str, key: str, profile: GatewayProfile, workers: Sequence[str]) -> None:
        self.url = url
        self._client = ControlClient(url, "", ANSWER_SECONDS)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._profile = profile
        self.name = profile.name
        self.has_answered = False  # any HTTP answer: its settings were accepted then
        self._workers = [ControlClient(worker, "", ANSWER_SECONDS) for worker in workers]

    def not_routing_to(self, declared: Collection[str]) -> str | None:
        """What its readiness condition lacks. Until the condition holds, each call registers the workers again."""
        missing = self._missing()
        if missing is None:
            return None
        for method, path, body in self._profile.registrations:
            # A gateway that still starts refuses connections. The next call registers again.
            with contextlib.suppress(ClientError):
                self._client.ask(method, path, body=body, headers=self._headers)
        return missing

    def silent_workers(self) -> list[str]:
        """The URLs of the workers that do not answer HTTP yet."""
        return [worker.url for worker in self._workers if not _answers(worker)]

    def in_flight(self) -> int:
        """Requests at the workers."""
        # The gateway's own count is under test. In one real gateway it stuck at 9 after 16 aborts.
        reports = [worker.get("/health") for worker in self._workers]
        return sum(int(health["running"]) + int(health["waiting"]) for health in reports)

    def is_ready(self) -> bool:
        return self._missing() is None

    def close(self) -> None:
        for client in [self._client, *self._workers]:
            client.close()

    def _missing(self) -> str | None:
        try:
            reply = self._client.ask("GET", self._profile.ready_path, headers=self._headers)
        except ClientError as error:
            return str(error)
        self.has_answered = True
        return self._profile.missing(reply)


def _answers(worker: ControlClient) -> bool:
    try:
        worker.ask("GET", "/health")
    except ClientError:
        return False
    return True
