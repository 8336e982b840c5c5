"""The simulated prefix cache: the computed words of each session, so that its next turn is cheaper. Pure and bounded.

Real servers share prefixes among all requests by content. This cache is per session, so it measures only the gain of returning to
the same worker.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from services import wire

Words = tuple[str, ...]
SessionKey = tuple[str, str, str]


class PrefixCache:
    """Keeps at most `max_tokens` words over all sessions, and evicts the least recently used session. A word is a token here."""

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._kept: OrderedDict[SessionKey, Words] = OrderedDict()
        self.tokens = 0

    def hits(self, session: SessionKey, prompt: Words) -> int:
        """The number of cached tokens at the prompt's start. Never all of them, because the last token starts the answer."""
        kept = self._kept.get(session, ())
        if kept:
            self._kept.move_to_end(session)
        limit = min(len(kept), len(prompt) - 1)
        return next((place for place in range(limit) if kept[place] != prompt[place]), max(0, limit))

    def keep(self, session: SessionKey, computed: Words) -> None:
        """Replace the session's words with the prompt and answer of its last turn."""
        # pop and set, because an assignment to a known key would keep its old place in the order of eviction.
        self.tokens += len(computed) - len(self._kept.pop(session, ()))
        self._kept[session] = computed
        while self.tokens > self._max_tokens:
            self.tokens -= len(self._kept.popitem(last=False)[1])


def session_of(headers: Mapping[str, str], names: Iterable[str], in_body: str | None, model: str) -> SessionKey | None:
    """The session of a request, separate for each tenant or subject. None if neither header nor body names a session."""
    session = next((headers[name] for name in names if headers.get(name)), in_body)
    return (headers.get(wire.AUTH_TENANT) or headers.get(wire.AUTH_SUBJECT, ""), model, session) if session else None
