"""The token usage of an answer: the count that the worker reports, else an estimate. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec

from services import bodies

# SQLite integers and JavaScript numbers both hold 2**53. A greater count is a malformed report.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

MAX_BODY_BYTES = 8 * 1024 * 1024  # A limit on memory. A larger answer counts as an estimate without its text.
BYTES_PER_TOKEN = 4  # OpenAI's rule for English. Of four three-byte characters it makes three tokens.


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one request. `cached_tokens` are the prompt tokens from the worker's prefix cache."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class Reading(Protocol):
    """Reads the usage from an answer while the gateway relays it."""

    def usage(self) -> Usage | None:
        """The usage that the worker has reported so far."""

    def feed(self, chunk: bytes) -> bytes:
        """Read the next bytes of the answer. Returns the bytes to relay now."""

    def rest(self) -> bytes:
        """The bytes still held when the answer has ended or broken off."""

    def relayed_tokens(self) -> int:
        """The relayed tokens of the answer, as the gateway counts them."""


class Details(msgspec.Struct):
    cached_tokens: Count | None = None


class ReportedUsage(msgspec.Struct):
    """The `usage` object of OpenAI. Embeddings and rerankings omit some fields."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = None
    prompt_tokens_details: Details | None = None

    def counted(self) -> Usage | None:
        """The usage, or None if the object has no count."""
        if self.prompt_tokens is None and self.completion_tokens is None and self.total_tokens is None:
            return None
        completion = self.completion_tokens or 0
        prompt = max(0, (self.total_tokens or 0) - completion) if self.prompt_tokens is None else self.prompt_tokens
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None
        return Usage(prompt, completion, min(cached or 0, prompt))


class _AnswerMessage(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _AnswerMessage | None = None
    text: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice] | None = None


class _WithUsage(msgspec.Struct):
    usage: ReportedUsage | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_WITH_USAGE = msgspec.json.Decoder(_WithUsage)


class BodyReading:
    """Reads one JSON body and relays it unchanged. `encoding` is its Content-Encoding."""

    __slots__ = ("_body", "_encoding", "_size")

    def __init__(self, encoding: str = "identity") -> None:
        self._encoding = encoding
        self._body: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> bytes:
        self._size += len(chunk)
        if self._size <= MAX_BODY_BYTES:
            self._body.append(chunk)
        else:
            self._body.clear()
        return chunk

    def rest(self) -> bytes:
        return b""

    def usage(self) -> Usage | None:
        answer = decoded(_WITH_USAGE, self._plain())
        return answer.usage.counted() if answer and answer.usage else None

    def relayed_tokens(self) -> int:
        answer = decoded(_ANSWER, self._plain())
        return sum(_tokens_of(choice) for choice in (answer and answer.choices) or ())

    def _plain(self) -> bytes:
        return bodies.plain(b"".join(self._body), self._encoding, MAX_BODY_BYTES)


def estimate(text: str) -> int:
    """The estimated tokens of a text: its words, or one token per BYTES_PER_TOKEN bytes, whichever is more."""
    return max(len(text.split()), len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """The decoded body, or None if it has another shape."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _tokens_of(choice: _Choice) -> int:
    message = choice.message or _AnswerMessage()
    return sum(estimate(text) for text in (message.content, message.reasoning_content, message.refusal, choice.text) if text)
