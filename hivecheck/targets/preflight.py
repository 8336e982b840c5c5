"""The preflight of another gateway: a chat of each model, a stream, and what a worker received. It judges the set-up, no requirement.

A blocking problem means that the gateway is not set up for our clients. Then no scenario can have a verdict.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hivecheck.checks.standard import REQUEST_ID
from hivecheck.clients.control import ControlClient, Reply
from hivecheck.errors import ClientError
from hivecheck.wording import counted, plain

CHATS_PATH = "/v1/chat/completions"
MODELS_PATH = "/v1/models"
ANSWER_SECONDS = 10.0
# No gateway knows this header, so only one that passes unknown headers brings it to a worker.
MARK = "X-Hivecheck-Preflight"
EXCERPT_LENGTH = 160
REDACTED = "***"

Arrivals = Callable[[], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Problem:
    """What is wrong, for a person. `is_blocking`: no scenario can have a verdict."""

    subject: str
    expected: str
    actual: str
    next: str
    is_blocking: bool = False

    def sentence(self) -> str:
        return f"{self.subject}: expected {self.expected}; actual: {self.actual}; next: {self.next}"


@dataclass(frozen=True)
class Findings:
    """What a preflight observed: good observations in words, and problems."""

    good: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def blocking(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.is_blocking]


@dataclass
class Preflight:
    """`url` and `key` are those of the clients. `arrivals` gives each arrival in the workers' journals, with headers.

    `slow_seconds`: the longest plausible time of a chat on an idle stack.
    """

    url: str
    key: str
    models: Collection[str]
    arrivals: Arrivals
    slow_seconds: float = ANSWER_SECONDS
    _ids: list[str] = field(default_factory=list)
    _good: list[str] = field(default_factory=list)
    _problems: list[Problem] = field(default_factory=list)

    def findings(self) -> Findings:
        """Send the requests and judge them. A blocking problem ends the preflight, because the rest follows from it."""
        with ControlClient(self.url, "", ANSWER_SECONDS) as client:
            replies = {model: self._chat(client, model) for model in sorted(self.models)}
            self._judge_chats(client, replies)
            if not any(problem.is_blocking for problem in self._problems):
                self._judge_stream(client, next(model for model, reply in replies.items() if is_chat(reply)))
                self._judge_arrivals()
        # An error message may quote the refused key.
        problems = (replace(problem, actual=problem.actual.replace(self.key, REDACTED)) for problem in self._problems)
        return Findings(tuple(self._good), tuple(problems))

    def _chat(self, client: ControlClient, model: str) -> Reply | str:
        """The reply, or in words why there is none."""
        began = time.monotonic()
        try:
            reply = self._send(client, model)
        except ClientError as error:
            return str(error)
        took = time.monotonic() - began
        if is_chat(reply):
            self._good.append(f"chat of {model}: 200 after {took * 1000:.0f} ms")
        if took > self.slow_seconds:
            self._add("limits", f"a chat on an idle stack within {self.slow_seconds:g} s", f"{took:.1f} s", "find what delays the gateway")
        return reply

    def _send(self, client: ControlClient, model: str, **more: Any) -> Reply:
        body = {"model": model, "messages": [{"role": "user", "content": "preflight"}], "max_tokens": 4} | more
        self._ids.append(f"preflight-{uuid.uuid4().hex}")
        headers = {"Authorization": f"Bearer {self.key}", REQUEST_ID: self._ids[-1], MARK: self._ids[-1]}
        return client.ask("POST", CHATS_PATH, body=body, headers=headers, with_token=False)

    def _judge_chats(self, client: ControlClient, replies: Mapping[str, Reply | str]) -> None:
        served = [model for model, reply in replies.items() if is_chat(reply)]
        refused = {model: reply for model, reply in replies.items() if model not in served}
        if refused and not served:
            self._problems.append(_unserved(self.url, next(iter(refused)), next(iter(refused.values())), self._offered(client)))
            return
        for model, reply in refused.items():
            is_missing = isinstance(reply, Reply) and reply.status == 404
            self._problems.append(_missing_model(model, reply) if is_missing else _refused_chat(self.url, model, reply, is_blocking=False))

    def _offered(self, client: ControlClient) -> Reply | str:
        try:
            return client.ask("GET", MODELS_PATH, headers={"Authorization": f"Bearer {self.key}"}, with_token=False)
        except ClientError as error:
            return str(error)

    def _judge_stream(self, client: ControlClient, model: str) -> None:
        expected = f"an event stream that ends with [DONE] for a streamed chat of {model}"
        try:
            reply = self._send(client, model, stream=True)
        except ClientError as error:
            self._add("stream", expected, str(error), "let the gateway relay `stream: true`")
            return
        is_stream = reply.status == 200 and reply.media_type == "text/event-stream" and b"data: [DONE]" in reply.content
        if is_stream:
            self._good.append(f"stream of {model}: {counted(reply.content.count(b'data:'), 'event')}, [DONE]")
        else:
            self._add("stream", expected, _words(reply), "let the gateway relay `stream: true`")

    def _judge_arrivals(self) -> None:
        """Whether the last request at a worker has our header and our request id."""
        found = [{name.lower(): value for name, value in arrival.get("headers", {}).items()} for arrival in self.arrivals()]
        last = found[-1] if found else {}
        if not found:
            self._add(
                "worker", "the requests in a worker's journal", "no arrival", "give the gateway the URLs of the workers: $worker_urls"
            )
        elif last.get(MARK.lower()) in self._ids:
            self._good.append("headers: an unknown header reaches the worker")
        else:
            self._add(
                "headers", f"the unknown header {MARK} at the worker", "the worker received none", "let the gateway pass unknown headers"
            )
        if found and last.get(REQUEST_ID.lower()) in self._ids:
            self._good.append("request id: the client's id reaches the worker")
        elif found:
            actual = plain(last.get(REQUEST_ID.lower(), "none"))
            self._add("request id", f"the client's {REQUEST_ID} at the worker", actual, "let the gateway keep the request ids of clients")

    def _add(self, subject: str, expected: str, actual: str, next_step: str) -> None:
        self._problems.append(Problem(subject, expected, actual, next_step))


def is_chat(reply: Reply | str) -> bool:
    """Whether a reply is a chat completion."""
    return isinstance(reply, Reply) and reply.status == 200 and isinstance(reply.body, dict) and bool(reply.body.get("choices"))


def _unserved(url: str, model: str, reply: Reply | str, offered: Reply | str) -> Problem:
    """The cause when no model is served."""
    if isinstance(reply, str):
        return Problem("answer", f"an answer of {url}{CHATS_PATH}", reply, "check that the gateway listens at this URL", is_blocking=True)
    if reply.status in (401, 403):
        next_step = "give the gateway the key: $key in command, environment or config"
        return Problem("key", f"200 for our key at {CHATS_PATH}", _words(reply), next_step, is_blocking=True)
    if _is_html(reply):
        next_step = "name the URL of the API, not that of a page"
        return Problem("path", f"JSON of {url}{CHATS_PATH}", f"HTML, {_words(reply)}", next_step, is_blocking=True)
    knows_models = isinstance(offered, Reply) and offered.status == 200
    if reply.status in (404, 405) and not knows_models and not _is_about(model, reply):
        next_step = f"let the gateway serve {CHATS_PATH}, or add the path prefix to the url"
        return Problem("path", f"a chat at {url}{CHATS_PATH}", f"{_words(reply)}, also without {MODELS_PATH}", next_step, is_blocking=True)
    return _missing_model(model, reply) if reply.status == 404 else _refused_chat(url, model, reply, is_blocking=True)


def _missing_model(model: str, reply: Reply | str) -> Problem:
    next_step = "give the gateway each model of its workers: $model in [[register]] or in config.each_worker"
    return Problem("model", f"200 for a chat of {model}", _words(reply), next_step, is_blocking=True)


def _refused_chat(url: str, model: str, reply: Reply | str, *, is_blocking: bool) -> Problem:
    next_step = "check the URLs of the workers that the gateway has, then read its log"
    return Problem("chat", f"a chat completion of {model} at {url}{CHATS_PATH}", _words(reply), next_step, is_blocking)


def _is_about(model: str, reply: Reply) -> bool:
    """Whether an error names the model, so that its path exists."""
    return reply.body is not None and model.encode() in reply.content


def _is_html(reply: Reply) -> bool:
    return reply.media_type == "text/html" or reply.content.lstrip()[:1] == b"<"


def _words(reply: Reply | str) -> str:
    if isinstance(reply, str):
        return reply
    text = reply.sentence() if reply.body is not None else f"{reply.status} {plain(reply.content)}"
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= EXCERPT_LENGTH else f"{one_line[:EXCERPT_LENGTH]}..."
