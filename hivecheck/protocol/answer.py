"""What an OpenAI answer means: tokens, finish reason, usage, errors, `[DONE]`. Fills the sample of a load request. No sockets."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from hivecheck.protocol.exchange import Failure, FailureKind
from hivecheck.protocol.http1 import ResponseHead
from hivecheck.protocol.sample import NO_USAGE, Outcome, Sample

DONE = b"[DONE]"
# Without this header a client tries again at once.
BACKPRESSURE, NO_RETRY_AFTER = (429, 503), ", no Retry-After"
CODE_LENGTH = 60  # of an error code or message inside a cause
# A number this far ahead is no lost token but another text.
NUMBERS_AHEAD = 10_000


class Delta(msgspec.Struct, gc=False):
    """Of a chat chunk. Reasoning has two names in the field."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[Any] | None = None


class Choice(msgspec.Struct, gc=False):
    """Of a chat chunk (`delta`), of a completion (`text`) or of a unary chat."""

    delta: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class Usage(msgspec.Struct, gc=False):
    """Token counts of the server."""

    completion_tokens: int | None = None
    prompt_tokens: int | None = None


class Chunk(msgspec.Struct, gc=False):
    """A chunk of a stream, or a unary body. Fields that the load does not need are skipped undecoded."""

    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: Any = None


@dataclass(frozen=True)
class Expectations:
    """What a complete stream must fulfil beside finish reason and `[DONE]`.

    `stall_seconds` is the longest allowed gap between two tokens. `is_numbered` expects the texts "t0 ", "t1 " and so on.
    """

    stall_seconds: float = math.inf
    is_numbered: bool = False


class Numbers:
    """Compares a stream with the numbered tokens of the reference worker."""

    __slots__ = ("_missing", "expected", "outcome", "problem")

    def __init__(self) -> None:
        self.expected = 0
        self.outcome: Outcome | None = None
        self.problem = ""
        self._missing: set[int] = set()

    def take(self, text: str) -> None:
        """The text of one chunk."""
        if text == f"t{self.expected} ":  # the usual case
            self.expected += 1
            return
        for word in text.split():
            number = int(word[1:]) if word[:1] == "t" and word[1:].isdecimal() and len(word) < 10 else -1
            if number == self.expected:
                self.expected += 1
            elif number < 0 or number > self.expected + NUMBERS_AHEAD:
                self._note(Outcome.MALFORMED, f"token {word[:CODE_LENGTH]!r} without a number")
            elif number > self.expected:
                self._missing.update(range(self.expected, number))
                self.expected = number + 1
            elif number in self._missing:
                self._missing.discard(number)
                self._note(Outcome.REORDERED, f"token t{number} is late")
            else:
                self._note(Outcome.DUPLICATED, f"token t{number} twice")

    def judge(self) -> tuple[Outcome, str] | None:
        """The first problem; None for tokens in order and without a gap."""
        if self.outcome is not None:
            return self.outcome, self.problem
        return (Outcome.TRUNCATED, f"token t{min(self._missing)} is missing") if self._missing else None

    def _note(self, outcome: Outcome, problem: str) -> None:
        if self.outcome is None:
            self.outcome, self.problem = outcome, problem


class SampleHandler:
    """Fills one sample in the loop of the connection and hands it to `done` at its end. One float is kept of each token."""

    __slots__ = ("_addition", "_append", "_body", "_done", "_expectations", "_numbers", "_problem", "sample")

    def __init__(self, sample: Sample, done: Callable[[Sample], None], expectations: Expectations) -> None:
        self.sample = sample
        self._done = done
        self._expectations = expectations
        self._append = sample.token_times.append
        self._numbers = Numbers() if expectations.is_numbered else None
        self._problem: tuple[Outcome, str] | None = None  # of the stream itself: an error event, a chunk that is no chunk
        self._body: list[bytes] = []
        self._addition = ""  # to the cause of a refusal

    def on_connect(self) -> None:
        self.sample.is_new_connection = True

    def on_head(self, head: ResponseHead, now: float) -> None:
        self.sample.status, self.sample.headers_at = head.status, now
        if head.status in BACKPRESSURE and not head.get("retry-after"):
            self._addition = NO_RETRY_AFTER

    def on_body(self, piece: bytes, now: float) -> None:
        self._body.append(piece)

    def on_event(self, data: bytes, now: float) -> None:
        """A chunk. This is the hot loop of the load: it keeps one float of each token and creates nothing else that stays."""
        sample = self.sample
        if data == DONE:
            sample.saw_done = True
            return
        try:
            chunk = _decode(data)
        except ValueError:  # msgspec's errors, and bytes that are no UTF-8
            self._note(Outcome.MALFORMED, "a chunk is not a JSON object of the expected form")
            return
        for choice in chunk.choices or ():
            delta = choice.delta
            text = choice.text or (delta.content if delta is not None else None)
            if text or (delta is not None and (delta.reasoning_content or delta.reasoning or delta.tool_calls)):
                if not sample.chunks:
                    sample.first_token_at = now
                if sample.first_answer_at != sample.first_answer_at and (text or (delta is not None and delta.tool_calls)):
                    sample.first_answer_at = now
                sample.chunks += 1
                sample.last_token_at = now
                self._append(now)
                if self._numbers is not None:
                    self._numbers.take(text or "")
            if choice.finish_reason is not None:
                sample.finish_reason = choice.finish_reason
        if chunk.usage is not None:
            self._take_usage(chunk.usage)
        if chunk.error is not None:
            self._note(Outcome.ERROR_EVENT, _words(chunk.error))

    def on_end(self, now: float) -> None:
        """The response is whole, and its meaning decides the class."""
        sample = self.sample
        sample.ended_at = now
        if self._body or not sample.is_stream:
            self._take_body(now)
        sample.outcome, sample.cause = self._judge()
        self._done(sample)

    def on_failure(self, failure: Failure, now: float) -> None:
        """Without a whole response the class is that of what is missing."""
        sample = self.sample
        sample.ended_at, sample.cause = now, str(failure.kind)
        if failure.kind is FailureKind.MALFORMED:
            sample.outcome = Outcome.MALFORMED
        elif failure.kind in (FailureKind.DEADLINE, FailureKind.LEFT):
            sample.outcome, sample.cause = Outcome.HUNG, failure.detail
        elif not sample.status:
            sample.outcome = Outcome.CONNECTION
        elif not 200 <= sample.status < 300:
            sample.outcome, sample.cause = Outcome.REFUSED, f"{sample.status} {failure.kind}"
        elif self._problem is not None and self._problem[0] is Outcome.ERROR_EVENT:
            # A server that reports its failure and then closes the connection has given the reason.
            sample.outcome, sample.cause = self._problem
        elif sample.finish_reason is not None:
            sample.outcome = Outcome.UNTERMINATED
        else:
            sample.outcome = Outcome.TRUNCATED
        self._done(sample)

    def _take_usage(self, usage: Usage) -> None:
        if usage.completion_tokens is not None:
            self.sample.completion_tokens = usage.completion_tokens
        if usage.prompt_tokens is not None:
            self.sample.prompt_tokens = usage.prompt_tokens

    def _take_body(self, now: float) -> None:
        """A unary answer, or a refusal of a stream."""
        sample = self.sample
        try:
            body = _decode(self._body[0] if len(self._body) == 1 else b"".join(self._body))
        except ValueError:
            self._note(Outcome.MALFORMED, "the body is not a JSON object of the expected form")
            return
        for choice in body.choices or ():
            sample.finish_reason = choice.finish_reason or sample.finish_reason
        if body.usage is not None:
            self._take_usage(body.usage)
        if body.error is not None:
            self._note(Outcome.ERROR_EVENT, _words(body.error))
        sample.last_token_at = now

    def _note(self, outcome: Outcome, cause: str) -> None:
        if self._problem is None:
            self._problem = outcome, cause

    def _judge(self) -> tuple[Outcome, str]:
        """The class of a whole HTTP response."""
        sample = self.sample
        if not 200 <= sample.status < 300:
            words = self._problem[1] if self._problem and self._problem[0] is Outcome.ERROR_EVENT else ""
            return Outcome.REFUSED, f"{sample.status} {words}".rstrip() + self._addition
        if self._problem is not None:
            return self._problem
        if self._body and sample.is_stream:
            return Outcome.MALFORMED, "a body instead of a stream"
        return _judge_stream(sample, self._expectations, self._numbers) if sample.is_stream else (Outcome.COMPLETE, "")


def _judge_stream(sample: Sample, expectations: Expectations, numbers: Numbers | None) -> tuple[Outcome, str]:
    if sample.finish_reason is None:
        return Outcome.TRUNCATED, "no finish_reason"
    if not sample.saw_done:
        return Outcome.UNTERMINATED, "no [DONE]"
    if numbers is not None and (problem := numbers.judge()) is not None:
        return problem
    times = sample.token_times
    if expectations.stall_seconds < math.inf and len(times) > 1 and max(map(operator.sub, times[1:], times)) > expectations.stall_seconds:
        return Outcome.STALLED, f"a gap above {expectations.stall_seconds:g} s"
    # A chunk can hold several tokens, so only a usage below the chunks is wrong for sure. Numbered tokens are counted.
    tokens = sample.completion_tokens
    if tokens != NO_USAGE and (tokens < sample.chunks or (numbers is not None and tokens != numbers.expected)):
        return Outcome.USAGE_MISMATCH, "usage differs from the received tokens"
    return Outcome.COMPLETE, ""


_decode = msgspec.json.Decoder(Chunk).decode


def _words(error: Any) -> str:
    """The code of an error object, or its type, or its message."""
    if isinstance(error, dict):
        error = error.get("code") or error.get("type") or error.get("message") or "error"
    return str(error)[:CODE_LENGTH]
