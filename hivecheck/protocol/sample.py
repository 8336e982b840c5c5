"""The facts of one load request: its moments, its tokens, its outcome. No statistics and no socket."""

from __future__ import annotations

import math
from array import array
from enum import StrEnum

NO_USAGE = -1  # `completion_tokens` and `prompt_tokens` of an answer without usage
NO_STATUS = 0


class Outcome(StrEnum):
    """How a request ended. Only `complete` is a success, and each failure has a class of its own."""

    COMPLETE = "complete"
    REFUSED = "refused"  # an HTTP error status
    TRUNCATED = "truncated"  # ended before its finish_reason
    UNTERMINATED = "unterminated"  # no [DONE]
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    ERROR_EVENT = "error_event"  # an error inside a stream with status 200
    STALLED = "stalled"  # a gap above the stall limit
    HUNG = "hung"  # no end by its deadline
    USAGE_MISMATCH = "usage_mismatch"
    MALFORMED = "malformed"
    CONNECTION = "connection"  # refused, reset, TLS


class Sample:
    """One load request. Times are monotonic seconds, NaN for a moment that was not reached.

    `first_answer_at` is the first content token that is not reasoning. `token_times` has the arrival of each content chunk.
    `cause` is short, such as "503 overloaded" or "connection reset"; empty for a complete request.
    """

    __slots__ = (
        "cause",
        "chunks",
        "completion_tokens",
        "ended_at",
        "finish_reason",
        "first_answer_at",
        "first_token_at",
        "headers_at",
        "intended_at",
        "is_new_connection",
        "is_stream",
        "last_token_at",
        "number",
        "outcome",
        "prompt_tokens",
        "saw_done",
        "sent_at",
        "status",
        "token_times",
    )

    def __init__(self, number: int, intended_at: float = math.nan, *, is_stream: bool = True) -> None:
        self.number = number
        self.intended_at = intended_at
        self.sent_at = math.nan
        self.headers_at = math.nan
        self.first_token_at = math.nan
        self.first_answer_at = math.nan
        self.last_token_at = math.nan
        self.ended_at = math.nan
        self.is_new_connection = False
        self.is_stream = is_stream
        self.status = NO_STATUS
        self.token_times = array("d")
        self.completion_tokens = NO_USAGE
        self.prompt_tokens = NO_USAGE
        self.chunks = 0
        self.finish_reason: str | None = None
        self.saw_done = False
        # Nothing was received yet, so an abandoned sample is no success.
        self.outcome = Outcome.CONNECTION
        self.cause = ""
