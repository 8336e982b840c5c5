"""The simulated prefix cache: the words a worker has computed for each session, so that its next turn is cheaper. Pure, bounded.

Real servers share prefixes among all requests by content. This one keeps them per session, so that what is gained by coming
back to the same worker, and nothing else, can be measured.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from services import wire

Words = tuple[str, ...]
SessionKey = tuple[str, str, str]


class PrefixCache:
    """At most `max_tokens` words of all sessions together; the longest unused session makes room. A word is a token here."""

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._kept: OrderedDict[SessionKey, Words] = OrderedDict()
        self.tokens = 0

    def hits(self, session: SessionKey, prompt: Words) -> int:
        """How many of the prompt's first tokens need no computing. Never all of them: the last one starts the answer."""
        kept = self._kept.get(session, ())
        if kept:
            self._kept.move_to_end(session)
        limit = min(len(kept), len(prompt) - 1)
        return next((place for place in range(limit) if kept[place] != prompt[place]), max(0, limit))

    def keep(self, session: SessionKey, computed: Words) -> None:
        """Keep what was computed for the session's last turn, prompt and answer, instead of what was kept before."""
        self.tokens += len(computed) - len(self._kept.pop(session, ()))
        self._kept[session] = computed
        while self.tokens > self._max_tokens:
            self.tokens -= len(self._kept.popitem(last=False)[1])


def session_of(headers: Mapping[str, str], names: Iterable[str], in_body: str | None, model: str) -> SessionKey | None:
    """The session of a request, its owner's own; None when neither header nor body names one."""
    session = next((headers[name] for name in names if headers.get(name)), in_body)
    return (headers.get(wire.AUTH_TENANT) or headers.get(wire.AUTH_SUBJECT, ""), model, session) if session else None
