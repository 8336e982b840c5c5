"""The `openai` package as its users have it: its own retries, timeouts and exceptions. Keeps what its user saw. Judges nothing."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.history import CLIENT_LEFT, History, Operation, Token
from hivecheck.wording import counted


class SdkClient:
    """One `openai.OpenAI`. `retries` and `timeout_seconds` are its arguments; None leaves them at the package's defaults."""

    def __init__(self, url: str, key: str, history: History, *, retries: int | None = None, timeout_seconds: float | None = None) -> None:
        try:
            import openai  # here, because it takes most of a second and only few scenarios need it
        except ImportError as error:
            raise ClientError(f"The openai package cannot be imported ({error}); install the dependencies of requirements.lock") from None
        self._openai = openai
        self._history = history
        chosen: dict[str, Any] = {"max_retries": retries, "timeout": timeout_seconds}
        self._client = openai.OpenAI(
            base_url=f"{url}/v1",
            api_key=key,
            # Proxy variables of the environment must not divert calls to 127.0.0.1.
            http_client=openai.DefaultHttpxClient(trust_env=False),
            **{name: value for name, value in chosen.items() if value is not None},
        )

    def ask(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str], *, leave_after: int | None = None) -> Operation:
        """One call to its end. A stream is left after `leave_after` tokens. What the package raises is in the operation."""
        identifier = f"hc-{uuid.uuid4().hex[:12]}"
        sent = {"X-Request-Id": identifier, **headers}
        operation = Operation(
            id=identifier,
            path=path,
            model=str(body.get("model", "")),
            is_stream=bool(body.get("stream")),
            started_at=time.monotonic(),
            request=_short(body),
            sent_headers=sent,
        )
        create: Any = {
            "/v1/chat/completions": self._client.chat.completions.create,
            "/v1/completions": self._client.completions.create,
            "/v1/embeddings": self._client.embeddings.create,
        }[path]
        try:
            answer = create(**body, extra_headers=sent)
            operation = self._streamed(operation, answer, leave_after) if operation.is_stream else _whole(operation, answer)
        except (self._openai.APIError, ValueError) as error:  # the package lets a body that is not the JSON it claims to be escape so
            operation = _raised(operation, error)
        operation = replace(operation, ended_at=time.monotonic())
        self._history.record(operation)
        return operation

    def models(self) -> list[dict[str, Any]]:
        """The models of its list, with the fields that the gateway sent; or what it raises."""
        try:
            return [model.model_dump(exclude_unset=True) for model in self._client.models.list()]
        except self._openai.APIError as error:
            return [{"error": f"{type(error).__name__}: {error}"}]

    def model(self, name: str) -> dict[str, Any]:
        """One model, asked for by name; or what it raises."""
        try:
            return dict(self._client.models.retrieve(name).model_dump(exclude_unset=True))
        except self._openai.APIError as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def close(self) -> None:
        self._client.close()

    def _streamed(self, operation: Operation, stream: Any, leave_after: int | None) -> Operation:
        """Read a stream to its end, or leave it after `leave_after` tokens."""
        operation = replace(operation, status=stream.response.status_code, headers=tuple(stream.response.headers.multi_items()))
        try:
            for chunk in stream:
                operation = _with_chunk(operation, chunk)
                if leave_after is not None and len(operation.tokens) >= leave_after:
                    stream.close()
                    return replace(operation, error=CLIENT_LEFT)
        except self._openai.APIError as error:
            return _raised(operation, error)
        # The package ends its iteration alike with and without [DONE], so its user cannot tell them apart.
        return replace(operation, saw_done=True)


def _whole(operation: Operation, answer: Any) -> Operation:
    if isinstance(answer, str):  # what the package gives its user where it finds no JSON
        return replace(operation, status=200, raw=answer, error="the package made no object of the answer")
    body = answer.model_dump(exclude_unset=True)
    # The package returns what it parsed of a 2xx answer; of its headers it keeps the request id.
    return replace(operation, status=200, headers=(("X-Request-Id", answer._request_id),), body=body, usage=body.get("usage"))


def _with_chunk(operation: Operation, chunk: Any) -> Operation:
    for choice in chunk.choices:
        if choice.delta.content:
            operation = replace(operation, tokens=(*operation.tokens, Token(time.monotonic(), choice.delta.content)))
        operation = replace(operation, finish_reason=choice.finish_reason or operation.finish_reason)
    return replace(operation, usage=chunk.usage.model_dump() if chunk.usage else operation.usage)


def _raised(operation: Operation, error: Any) -> Operation:
    """What the exception tells its catcher: its class, and what it has of the answer."""
    operation = replace(operation, raised=type(error).__name__)
    if (response := getattr(error, "response", None)) is None:
        return replace(operation, error=f"{type(error).__name__}: {error}")
    body = {"error": error.body} if isinstance(error.body, dict) else error.body
    return replace(operation, status=response.status_code, headers=tuple(response.headers.multi_items()), body=body)


def _short(body: Mapping[str, Any], most: int = 64 * 1024) -> dict[str, Any]:
    """The body for history; a prompt of megabytes is replaced by its length."""
    size = len(str(body.get("messages", "")))
    return {**body, "messages": f"({counted(size, 'character')})"} if size > most else dict(body)
