"""Facts about a history that several checks share. No check itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict, no_room
from hivecheck.wording import listed

SUCCESS = range(200, 300)
Workers = Mapping[str, Collection[str]]  # worker -> its models


def able(workers: Workers, model: str) -> list[str]:
    """The workers that serve a model."""
    return [name for name, models in workers.items() if model in models]


def without_alternative(operations: Iterable[Operation], workers: Workers) -> Verdict | None:
    """No room for another attempt: one worker alone serves the model of a request. None where each request has a second worker."""
    alone = sorted({operation.model for operation in operations if len(able(workers, operation.model)) < 2})
    if not alone:
        return None
    actual = "; ".join(f"{model} at {listed(able(workers, model))}" for model in alone)
    return no_room(expected="a second worker that could receive each request", actual=actual)


def streams(history: History) -> list[Operation]:
    """The streamed requests of the scenario."""
    return [operation for operation in history.operations() if operation.is_stream]


def is_useful_retry_after(operation: Operation) -> bool:
    """Whether Retry-After is a whole number of seconds, at least 1. The `openai` SDK ignores 0 and tries again after half a second."""
    text = operation.header("Retry-After") or ""
    return text.isdigit() and int(text) > 0


def discourages_retry(operation: Operation) -> bool:
    """Whether the gateway tells a client not to try again, although it has tried one busy worker only."""
    # After several attempts the advice is right: the gateway has tried for the client.
    is_sole = operation.status == 429 and operation.header("X-Attempts") == "1"
    return is_sole and operation.header("X-Should-Retry") == "false"


def end_of(history: History, arrival: Event) -> Event | None:
    """The end of an arrival in the worker's journal. None if there is no end, after a kill for example."""
    # A restarted worker counts `n` from its beginning again, so only the pid tells two arrivals apart.
    key = (arrival.node, arrival.data.get("pid"), arrival.data.get("n"))
    ends = (line for line in history.journal("end") if (line.node, line.data.get("pid"), line.data.get("n")) == key)
    return next(ends, None)


def tokens_received(operation: Operation) -> int:
    """Tokens that the client received: those of the stream, or the words of a unary answer."""
    if operation.is_stream:
        return len(operation.tokens)
    # The bundled worker writes one word a token.
    choices = operation.body.get("choices", []) if isinstance(operation.body, dict) else []
    return sum(len(str((choice.get("message") or choice).get("content") or choice.get("text") or "").split()) for choice in choices)


def order_fault(operation: Operation) -> str | None:
    """How the order of a stream's tokens is wrong, None when it is right. The bundled worker numbers its tokens `t0 t1 t2 ...`."""
    # Chunk by chunk: the joined text is the same for two tokens in one chunk and none in the next.
    actual = [token.text.strip() for token in operation.tokens]
    expected = [f"t{number}" for number in range(len(operation.tokens))]
    return None if actual == expected else f"tokens {' '.join(actual)!r} instead of {' '.join(expected)!r}"


# The reference's default, and the second name that the topology `single_slot` configures.
SESSION_HEADERS = ("X-Session-ID", "X-Inventiv-Session")
Sessions = dict[tuple[str, str], list[tuple[Operation, str]]]


def session_of(operation: Operation) -> str | None:
    """The session id of a request, from a header or from its body."""
    named = [operation.sent_headers[name] for name in SESSION_HEADERS if operation.sent_headers.get(name)]
    in_body = operation.request.get("session_id")
    return named[0] if named else None if in_body is None else str(in_body)


def sessions(history: History) -> Sessions:
    """By tenant (from the journal) and session id: the answered requests in order, each with the worker that answered."""
    found: Sessions = {}
    for operation in sorted(history.operations(), key=lambda one: one.started_at):
        session, arrivals = session_of(operation), history.arrivals(operation)
        if session is not None and operation.is_answered and arrivals:
            owner = arrivals[-1].data.get("headers", {}).get("x-auth-tenant", "")
            found.setdefault((owner, session), []).append((operation, arrivals[-1].node))
    return found
