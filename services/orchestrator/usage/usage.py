"""How many tokens an answer cost: the worker's own count where it gives one, an estimate where it does not. Pure."""

from __future__ import annotations

import zlib
from typing import Annotated, Any, Protocol

import msgspec

# SQLite's integers and JavaScript's numbers both hold it; a worker that counts further is not believed.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

MAX_BODY_BYTES = 8 * 1024 * 1024  # of a larger answer nothing is read; it is booked as an estimate without its text
BYTES_PER_TOKEN = 4  # OpenAI's rule of thumb for English; of three-byte characters it makes three tokens out of four
_ZLIB_OR_GZIP = 47  # zlib's window bits: the largest window, the format by its header


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one request. `cached_tokens` of the prompt's were in the worker's cache."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class Reading(Protocol):
    """Reads an answer while it goes by."""

    def usage(self) -> Usage | None:
        """The worker's own count, as far as it has come."""

    def feed(self, chunk: bytes) -> bytes:
        """Take the answer's next bytes in; gives those that the client is to get now."""

    def rest(self) -> bytes:
        """What was kept back, for when the answer has ended or broken off."""

    def relayed_tokens(self) -> int:
        """Tokens of the answer that went by, counted here."""


class Details(msgspec.Struct):
    cached_tokens: Count | None = None


class Said(msgspec.Struct):
    """OpenAI's `usage` object. Embeddings and rerankings leave out what they have not."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = None
    prompt_tokens_details: Details | None = None

    def counted(self) -> Usage | None:
        """None when no number is in it."""
        if self.prompt_tokens is None and self.completion_tokens is None and self.total_tokens is None:
            return None
        completion = self.completion_tokens or 0
        prompt = max(0, (self.total_tokens or 0) - completion) if self.prompt_tokens is None else self.prompt_tokens
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None
        return Usage(prompt, completion, min(cached or 0, prompt))


class _Spoken(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Spoken | None = None
    text: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice] | None = None


class _WithUsage(msgspec.Struct):
    usage: Said | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_WITH_USAGE = msgspec.json.Decoder(_WithUsage)


class BodyReading:
    """Reads one JSON body, which passes unchanged. `encoding` is its Content-Encoding."""

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
        said = decoded(_WITH_USAGE, self._plain())
        return said.usage.counted() if said and said.usage else None

    def relayed_tokens(self) -> int:
        answer = decoded(_ANSWER, self._plain())
        return sum(_tokens_of(choice) for choice in (answer and answer.choices) or ())

    def _plain(self) -> bytes:
        body = b"".join(self._body)
        if self._encoding == "identity":
            return body
        try:
            return zlib.decompressobj(_ZLIB_OR_GZIP).decompress(body, MAX_BODY_BYTES)
        except zlib.error:
            return b""


def estimate(text: str) -> int:
    """About how many tokens a text is, without its tokenizer: its words, or a token for every BYTES_PER_TOKEN bytes if that is more."""
    return max(len(text.split()), len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """The decoded body; None when it has another shape, whatever that is."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _tokens_of(choice: _Choice) -> int:
    said = choice.message or _Spoken()
    return sum(estimate(text) for text in (said.content, said.reasoning_content, said.refusal, choice.text) if text)
