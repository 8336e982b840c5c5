"""The table of the worker's endpoints under /v1/: the reader of each request body and the writer of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.worker import answers, requests
from services.worker.answers import Head, StreamShape
from services.worker.requests import Job


@dataclass(frozen=True)
class Endpoint:
    """`read` raises ApiError 400. An endpoint without a stream shape generates no tokens."""

    read: Callable[[bytes], Job]
    write: Callable[[Head, Job, int, str], bytes]
    id_prefix: str
    stream: StreamShape | None = None


ENDPOINTS = {
    "/v1/chat/completions": Endpoint(requests.chat, answers.chat, "chatcmpl-", answers.ChatStream()),
    "/v1/completions": Endpoint(requests.completion, answers.completion, "cmpl-", answers.TextStream()),
    "/v1/embeddings": Endpoint(requests.embeddings, answers.embeddings, "embd-"),
    "/v1/rerank": Endpoint(requests.rerank, answers.rerank, "rerank-"),
}
