"""Facts about a history that several checks share. No check itself."""

from __future__ import annotations

from hivecheck.history import Event, History, Operation

SUCCESS = range(200, 300)


def streams(history: History) -> list[Operation]:
    """The streamed requests of the scenario."""
    return [operation for operation in history.operations() if operation.is_stream]


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
    actual = "".join(token.text for token in operation.tokens)
    expected = "".join(f"t{number} " for number in range(len(operation.tokens)))
    return None if actual.strip() == expected.strip() else f"tokens {actual!r} instead of {expected!r}"


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
