"""Samples written by hand: a stream whose first token comes after `ttft` seconds and the others `itl` seconds apart."""

from __future__ import annotations

from array import array
from typing import Any

from hivecheck.protocol.sample import Outcome, Sample


def stream(number: int = 0, intended_at: float = 100.0, *, ttft: float = 0.2, itl: float = 0.01, tokens: int = 5, **changes: Any) -> Sample:
    """A complete stream, sent on time, with the given changes."""
    sample = Sample(number, intended_at)
    sample.sent_at, sample.headers_at, sample.first_token_at = intended_at, intended_at + ttft / 2, intended_at + ttft
    sample.first_answer_at = sample.first_token_at
    sample.token_times = array("d", (sample.first_token_at + place * itl for place in range(tokens)))
    sample.last_token_at = sample.ended_at = sample.token_times[-1]
    sample.status, sample.outcome, sample.finish_reason, sample.saw_done = 200, Outcome.COMPLETE, "stop", True
    sample.completion_tokens, sample.prompt_tokens, sample.chunks = tokens, 12, tokens
    for name, value in changes.items():
        setattr(sample, name, value)
    return sample


def failure(number: int = 0, intended_at: float = 100.0, outcome: Outcome = Outcome.REFUSED, cause: str = "503 overloaded") -> Sample:
    """A request that was sent on time and failed after a tenth of a second."""
    sample = Sample(number, intended_at)
    sample.sent_at, sample.ended_at, sample.status, sample.outcome, sample.cause = intended_at, intended_at + 0.1, 503, outcome, cause
    return sample
