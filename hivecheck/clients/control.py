"""One control-plane connection to one node: synchronous, JSON in and out, with the cluster's token. Knows no service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import urllib3
from urllib3.exceptions import HTTPError

from hivecheck.errors import ClientError
from hivecheck.wording import figures, plain

TOKEN_HEADER = "X-Cluster-Token"
CONNECTIONS = 10  # kept alive, for as many threads


@dataclass(frozen=True)
class Reply:
    """A status and the parsed JSON body (None where it was no JSON). `content` has the bytes of the body."""

    status: int
    body: Any
    headers: dict[str, str]
    content: bytes = b""

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; empty without one."""
        found = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        return found.partition(";")[0].strip().lower()

    def sentence(self) -> str:
        """The response as a message shows it: the status with code and message of the error object, or with the body."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        if isinstance(error, dict) and error.keys() >= {"code", "message"}:
            return f"{self.status} {plain(error['code'])}: {plain(error['message'])}"
        return f"{self.status} {figures(self.body) if isinstance(self.body, dict) else plain(self.body)}"


class ControlClient:
    """`url` is the node's; `token` is sent with every call. Proxies of the environment are ignored."""

    def __init__(self, url: str, token: str, timeout_seconds: float = 5.0) -> None:
        self.url = url
        self._token = token
        self._timeout_seconds = timeout_seconds
        # urllib3 alone: `requests` on top of it doubles the processor time of a call. It also takes no proxy from the environment,
        # which cannot reach the nodes on 127.0.0.1. No retry, because each call is one request.
        self._connections = urllib3.connection_from_url(url, maxsize=CONNECTIONS, retries=False)
        self._base_path = urllib3.util.parse_url(url).path or ""

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        seconds: float | None = None,
        with_token: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One call, whatever it answers. Raises ClientError only when no HTTP answer came."""
        own = {TOKEN_HEADER: self._token} if with_token else {}
        content = None if body is None else json.dumps(body).encode()
        own |= {} if content is None else {"Content-Type": "application/json"}
        answer = self._send(method, path, content, own | dict(headers or {}), seconds or self._timeout_seconds)
        try:
            parsed = json.loads(answer.data)
        except ValueError:
            parsed = None
        return Reply(answer.status, parsed, dict(answer.headers), answer.data)

    def call(self, method: str, path: str, *, body: Any = None, seconds: float | None = None) -> Any:
        """The JSON body of a 2xx answer. Raises ClientError for anything else."""
        return self._body_of(self.ask(method, path, body=body, seconds=seconds), f"{method} {self.url}{path}")

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def text(self, path: str) -> str:
        """The body of a 2xx answer as it stands. Raises ClientError for anything else."""
        return self.content(path).decode()

    def content(self, path: str) -> bytes:
        """Its bytes. Raises ClientError for anything but a 2xx answer that is whole."""
        answer = self._send("GET", path, None, {TOKEN_HEADER: self._token}, self._timeout_seconds)
        if not 200 <= answer.status < 300:
            raise ClientError(f"GET {self.url}{path}: expected 2xx, got {answer.status}")
        return answer.data

    def find(self, path: str) -> Any:
        """The JSON body of a GET, or None when the answer is 404. Raises ClientError for anything else."""
        reply = self.ask("GET", path)
        return None if reply.status == 404 else self._body_of(reply, f"GET {self.url}{path}")

    def close(self) -> None:
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float) -> urllib3.BaseHTTPResponse:
        try:
            return self._connections.urlopen(method, self._base_path + path, body, headers, redirect=False, timeout=seconds)
        except HTTPError as error:
            raise ClientError(f"{method} {self.url}{path}: no answer ({type(error).__name__}: {_root(error)})") from error

    def _body_of(self, reply: Reply, what: str) -> Any:
        if not 200 <= reply.status < 300 or reply.body is None:
            raise ClientError(f"{what}: expected 2xx and JSON, got {reply.sentence()}")
        return reply.body


def _root(error: BaseException) -> str:
    """The innermost cause of urllib3's nested errors: the part a person can use."""
    while inner := (error.__cause__ or error.__context__):
        error = inner
    return str(error)
