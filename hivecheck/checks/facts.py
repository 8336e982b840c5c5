"""Facts that several checks ask of history. Pure."""

from __future__ import annotations

from hivecheck.history import Event, History, Operation

SUCCESS = range(200, 300)


def streams(history: History) -> list[Operation]:
    """The streamed requests of the scenario."""
    return [operation for operation in history.operations() if operation.is_stream]


def end_of(history: History, arrival: Event) -> Event | None:
    """The end a worker noted for an arrival; None if it never came to one (a kill, for example)."""
    key = (arrival.node, arrival.data.get("pid"), arrival.data.get("n"))
    ends = (line for line in history.journal("end") if (line.node, line.data.get("pid"), line.data.get("n")) == key)
    return next(ends, None)


def tokens_seen(operation: Operation) -> int:
    """Tokens of an answer as its client has them: those streamed, or the words of the text, as the bundled worker writes them."""
    if operation.is_stream:
        return len(operation.tokens)
    choices = operation.body.get("choices", []) if isinstance(operation.body, dict) else []
    return sum(len(str((choice.get("message") or choice).get("content") or choice.get("text") or "").split()) for choice in choices)


def order_fault(operation: Operation) -> str | None:
    """What is wrong with the order of a stream's tokens: the bundled worker numbers them `t0 t1 t2 ...`; None when nothing is."""
    actual = "".join(token.text for token in operation.tokens)
    expected = "".join(f"t{number} " for number in range(len(operation.tokens)))
    return None if actual.strip() == expected.strip() else f"tokens {actual!r}, in order they would be {expected!r}"


SESSION_HEADERS = ("X-Session-ID", "X-Inventiv-Session")
Sessions = dict[tuple[str, str], list[tuple[Operation, str]]]


def session_of(operation: Operation) -> str | None:
    """What a request called its session, by header or in its body."""
    named = [operation.sent_headers[name] for name in SESSION_HEADERS if name in operation.sent_headers]
    return named[0] if named else operation.request.get("session_id")


def sessions(history: History) -> Sessions:
    """By owner (as the worker was told) and name: a session's answered requests in their order, each with the worker that answered."""
    found: Sessions = {}
    for operation in sorted(history.operations(), key=lambda one: one.started_at):
        session, arrivals = session_of(operation), history.arrivals(operation)
        if session is not None and operation.is_answered and arrivals:
            owner = arrivals[-1].data.get("headers", {}).get("x-auth-tenant", "")
            found.setdefault((owner, session), []).append((operation, arrivals[-1].node))
    return found
