"""Blast radius of a fault: the streams alive at its injection, counted by their end. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hivecheck.history import Operation

# The beginning of the error that `openai_api` notes when its time limit ends a request.
HUNG = "no end within"


@dataclass(frozen=True)
class BlastRadius:
    """Streams alive at an injection, and how many broke off, hung, ended too early, had a token twice, or were retried elsewhere."""

    alive: int = 0
    broke: int = 0
    hung: int = 0
    truncated: int = 0
    duplicated: int = 0
    retried: int = 0

    @property
    def hit(self) -> int:
        return self.broke + self.hung + self.truncated + self.duplicated + self.retried

    @property
    def share(self) -> float:
        """The share of the alive streams that were hit. 0 if no stream was alive."""
        return self.hit / self.alive if self.alive else 0.0


def blast_radius(operations: Iterable[Operation], injections: Sequence[tuple[float, float]]) -> BlastRadius:
    """The ends of the streams alive at any injection, each given as (its begin, its observed effect) in monotonic seconds."""
    streams = [one for one in operations if one.is_stream]
    alive = [one for one in streams if any(one.started_at <= end and begin <= (one.ended_at or math.inf) for begin, end in injections)]
    return BlastRadius(len(alive), **Counter(harm for one in alive if (harm := _harm_to(one))))


def _harm_to(stream: Operation) -> str | None:
    """The worst thing that happened to the stream. None if it is whole and was not retried."""
    # In this order, because a stream counts once: a hung stream has an error too.
    if (stream.error or "").startswith(HUNG):
        return "hung"
    if stream.error or stream.stream_error or not 200 <= (stream.status or 0) < 300:
        return "broke"
    if not stream.saw_done or stream.finish_reason is None:
        return "truncated"
    texts = [token.text for token in stream.tokens]
    if len(set(texts)) < len(texts):  # the bundled worker numbers its tokens
        return "duplicated"
    return "retried" if int(stream.header("X-Attempts") or 1) > 1 else None
