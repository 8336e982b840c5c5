"""Encodes the simulator's answers in OpenAI's shapes. Pure. Token i is always `t<i> `, so a client can detect loss and reordering."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from services.worker.requests import Job

FINGERPRINT = "fp_simulator"
DONE = b"data: [DONE]\n\n"
EMBEDDING_SIZE = 16

_encode = msgspec.json.Encoder().encode


class PromptDetails(msgspec.Struct, frozen=True):
    cached_tokens: int


class Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails | msgspec.UnsetType = msgspec.UNSET


class Head(msgspec.Struct, frozen=True):
    """The common fields of all chunks of one answer. `created`: seconds since 1970."""

    id: str
    created: int
    model: str
    include_usage: bool = False


class CalledFunction(msgspec.Struct, frozen=True):
    name: str
    arguments: str = "{}"


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    function: CalledFunction
    type: str = "function"


# omit_defaults: OpenAI's last delta is `{}`, and further deltas have no role.
class Delta(msgspec.Struct, frozen=True, omit_defaults=True):
    role: str | None = None
    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()


class ChatChoice(msgspec.Struct, frozen=True, kw_only=True):
    index: int = 0
    message: Delta
    finish_reason: str | None
    logprobs: None = None


class ChatPiece(msgspec.Struct, frozen=True, kw_only=True):
    index: int = 0
    delta: Delta
    finish_reason: str | None = None
    logprobs: None = None


class TextPiece(msgspec.Struct, frozen=True, kw_only=True):
    index: int = 0
    text: str
    finish_reason: str | None = None
    logprobs: None = None


class Envelope(msgspec.Struct, frozen=True):
    """An answer or one chunk of it. Chunks contain `usage` only on request."""

    id: str
    object: str
    created: int
    model: str
    choices: tuple[ChatChoice | ChatPiece | TextPiece, ...]
    usage: Usage | msgspec.UnsetType | None = msgspec.UNSET
    system_fingerprint: str = FINGERPRINT


class StreamShape(Protocol):
    """The format of a streamed answer. Each method returns complete SSE events."""

    name: str

    def opening(self, head: Head) -> bytes: ...

    def token(self, head: Head, text: str) -> bytes: ...

    def closing(self, head: Head, finish_reason: str) -> bytes: ...


class ChatStream:
    name = "chat.completion.chunk"

    def opening(self, head: Head) -> bytes:
        # vLLM and OpenAI send the role once, in a first delta with empty content.
        return self._event(head, ChatPiece(delta=Delta(role="assistant", content="")))

    def token(self, head: Head, text: str) -> bytes:
        return self._event(head, ChatPiece(delta=Delta(content=text)))

    def closing(self, head: Head, finish_reason: str) -> bytes:
        return self._event(head, ChatPiece(delta=Delta(), finish_reason=finish_reason))

    def _event(self, head: Head, piece: ChatPiece) -> bytes:
        return _event(head, self.name, (piece,), None if head.include_usage else msgspec.UNSET)


class TextStream:
    name = "text_completion"

    def opening(self, head: Head) -> bytes:
        return b""

    def token(self, head: Head, text: str) -> bytes:
        return self._event(head, TextPiece(text=text))

    def closing(self, head: Head, finish_reason: str) -> bytes:
        return self._event(head, TextPiece(text="", finish_reason=finish_reason))

    def _event(self, head: Head, piece: TextPiece) -> bytes:
        return _event(head, self.name, (piece,), None if head.include_usage else msgspec.UNSET)


def tail(shape: StreamShape, head: Head, job: Job, tokens: int, finish_reason: str) -> bytes:
    """The end of a stream: finish reason, usage if requested, `[DONE]`."""
    # OpenAI sends the usage in a chunk of its own: `choices` is empty, and it comes between the finish reason and `[DONE]`.
    usage = _event(head, shape.name, (), _usage(job, tokens)) if head.include_usage else b""
    return shape.closing(head, finish_reason) + usage + DONE


def chat(head: Head, job: Job, tokens: int, finish_reason: str) -> bytes:
    """A message, or a call of the required tool with empty arguments."""
    message = Delta(role="assistant", content=text(tokens))
    if job.tool is not None:
        finish_reason = "tool_calls"
        message = Delta(role="assistant", tool_calls=(ToolCall(f"call_{head.id}", CalledFunction(job.tool)),))
    choice = ChatChoice(message=message, finish_reason=finish_reason)
    return _encode(Envelope(head.id, "chat.completion", head.created, head.model, (choice,), _usage(job, tokens)))


def completion(head: Head, job: Job, tokens: int, finish_reason: str) -> bytes:
    choice = TextPiece(text=text(tokens), finish_reason=finish_reason)
    return _encode(Envelope(head.id, "text_completion", head.created, head.model, (choice,), _usage(job, tokens)))


def embeddings(head: Head, job: Job, tokens: int, finish_reason: str) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": vector(item)} for index, item in enumerate(job.items)]
    usage = {"prompt_tokens": job.prompt_tokens, "total_tokens": job.prompt_tokens}
    return _encode({"object": "list", "data": data, "model": head.model, "usage": usage})


def rerank(head: Head, job: Job, tokens: int, finish_reason: str) -> bytes:
    """The best document first. Equal scores keep the order of the documents."""
    scores = sorted(((score(job.query, item), index) for index, item in enumerate(job.items)), key=lambda pair: (-pair[0], pair[1]))
    results: list[dict[str, Any]] = [
        {"index": index, "relevance_score": value, "document": {"text": job.items[index]}} for value, index in scores[: job.top]
    ]
    return _encode({"id": head.id, "model": head.model, "results": results, "usage": {"total_tokens": job.prompt_tokens}})


@lru_cache(maxsize=64)  # Most answers have the same few lengths.
def text(tokens: int) -> str:
    return "".join(token(index) for index in range(tokens))


def token(index: int) -> str:
    return f"t{index} "


def vector(item: str) -> list[float]:
    """A unit vector of EMBEDDING_SIZE numbers that depends only on the text."""
    # "replace": JSON can contain lone surrogates, and strict UTF-8 rejects them.
    digest = hashlib.sha256(item.encode("utf-8", "replace")).digest()[:EMBEDDING_SIZE]
    numbers = [byte - 127.5 for byte in digest]
    length = sum(number * number for number in numbers) ** 0.5
    return [number / length for number in numbers]


def score(query: str, document: str) -> float:
    """A number from 0 to 1 that depends only on the two texts."""
    # The separator keeps the pairs (`ab`, `c`) and (`a`, `bc`) apart.
    digest = hashlib.sha256(f"{query}\0{document}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4]) / 0xFFFFFFFF


def _usage(job: Job, tokens: int) -> Usage:
    details = msgspec.UNSET if job.cached_tokens is None else PromptDetails(job.cached_tokens)
    return Usage(job.prompt_tokens, tokens, job.prompt_tokens + tokens, details)


def _event(head: Head, name: str, pieces: tuple[ChatPiece | TextPiece, ...], usage: Usage | msgspec.UnsetType | None) -> bytes:
    return b"data: " + _encode(Envelope(head.id, name, head.created, head.model, pieces, usage)) + b"\n\n"
