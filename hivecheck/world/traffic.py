"""Clients that keep asking while other things happen, a few at a time. What they saw is in history like any other request."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from hivecheck.clients.openai_api import PendingRequest
from hivecheck.waiting import eventually
from hivecheck.world.requests.chats import Chats

AT_ONCE = 3
PAUSE_SECONDS = 0.01
STOP_SECONDS = 5.0
MORE = 10


@dataclass
class Traffic:
    """A thread that keeps `AT_ONCE` chats under way until it is told to stop."""

    clients: Chats
    sent: list[PendingRequest] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, model: str) -> None:
        """Returns once the first of them are answered."""
        self._thread = threading.Thread(target=self._keep_asking, args=(model,), name="traffic", daemon=True)
        self._thread.start()
        self.go_on()

    def go_on(self) -> None:
        """Return when some more chats, begun from now on, have come to their end."""
        before = len(self.sent)
        within = self.clients.timeouts.request
        eventually(lambda: _ended(self.sent[before:]) >= MORE, within=within, what=f"{MORE} more chats ended")

    def end(self) -> None:
        """No further chats; those under way come to their end."""
        self._stop.set()
        if self._thread:
            self._thread.join(STOP_SECONDS)
        self.clients.wait(self.sent)

    def leave(self) -> None:
        """For the end of a scenario: nobody asks any more."""
        self._stop.set()
        if self._thread:
            self._thread.join(STOP_SECONDS)

    def _keep_asking(self, model: str) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            if len(self.sent) - _ended(self.sent) < AT_ONCE:
                self.sent.append(self.clients.start(model))


def _ended(calls: Sequence[PendingRequest]) -> int:
    return sum(call.is_done for call in calls)
