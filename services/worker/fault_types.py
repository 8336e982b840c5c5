"""The table of the worker's fault types and the parser of a fault. `faults` and `response_faults` inject them."""

from __future__ import annotations

import msgspec

# kind: (accepted argument, effect). Plain literals, because `hivecheck docs` reads this table without an import. The argument of
# `..._after` is the number of tokens sent before.
FAULT_TYPES: dict[str, tuple[str, str]] = {
    "status": ("400-599", "Answers with this status and an OpenAI error object before it takes a slot. `header=` adds headers."),
    "foreign_status": ("400-599", "The same with FastAPI's error object, `{\"detail\": ...}`, which OpenAI's SDKs cannot read."),
    "refuse": ("1-60000", "Cuts all connections and closes the port for this many milliseconds, so new connections are refused."),
    "reset": ("", "Resets the connection before any header."),
    "reset_after": ("0-100000", "Resets the connection after this many tokens. A unary answer loses its whole body."),
    "cut_at": ("0-100000000", "Resets the connection after exactly this many bytes of a stream's body, even in the middle of an event."),
    "no_done_after": (
        "0-100000",
        "Ends a stream cleanly after this many tokens, but without finish reason and end marker. A unary body is halved.",
    ),
    "stall_after": ("0-100000", "Sends nothing after this many tokens, and leaves the connection open."),
    "hang": ("", "Takes a slot and never answers."),
    "slow_headers": (
        "1-60000",
        "Sends status line and headers in ten pieces over this many milliseconds, then the whole body. Then it closes the connection.",
    ),
    "slow_drip": ("1-10000", "Sends the body in pieces of 16 bytes with this many milliseconds between them."),
    "bad_json_after": ("0-100000", "Sends a chunk with invalid JSON after this many tokens, then the usual end. A unary body is halved."),
    "error_event_after": (
        "0-100000",
        "Sends an error event and `[DONE]` after this many tokens, like vLLM. A unary answer gets status 500.",
    ),
    "wrong_type": ("", "Sends the correct body as `text/html`."),
    "no_usage": ("", "Omits the usage, even if the client requested it."),
    "double_done": ("", "Ends a stream with `[DONE]` twice."),
    "reset_after_done": ("", "Resets the connection after a whole stream with its `[DONE]`, before the end of the HTTP body."),
    "no_done": ("", "Ends a stream without `[DONE]`."),
    "repeat_token": ("0-100000", "Sends this token of a stream twice."),
    "swap_tokens": ("0-100000", "Sends this token of a stream and the next one in the other order."),
    "oversized_chunk": ("1-65536", "Pads the first token to this many KiB."),
    "exit": ("0-255", "Ends the process with this exit code before any answer."),
    "sick": ("", "Fails its health checks until the request has ended. The request itself gets its usual answer."),
    "allocate": ("1-65536", "Allocates this many MiB of memory and keeps them. The request itself gets its usual answer."),
}


class BehaviourError(ValueError):
    """The text is no valid behaviour. The message gives the accepted form."""


class Fault(msgspec.Struct, frozen=True):
    """One fault. FAULT_TYPES gives the unit of `argument`: status, exit code, tokens, milliseconds, KiB or MiB."""

    kind: str
    argument: int | None = None

    @property
    def tokens(self) -> int | None:
        """The number of tokens before the fault takes effect, or None for other faults."""
        return self.argument if self.kind.endswith("_after") else None

    def __str__(self) -> str:
        return self.kind if self.argument is None else f"{self.kind}:{self.argument}"


def accepted(kind: str) -> range | None:
    """The accepted arguments of a kind, or None if it has no argument."""
    low, dash, high = FAULT_TYPES[kind][0].partition("-")
    return range(int(low), int(high) + 1) if dash else None


def parse_fault(text: str) -> Fault:
    """`kind` or `kind:argument`. Raises BehaviourError."""
    kind, colon, argument = text.partition(":")
    if kind not in FAULT_TYPES:
        raise BehaviourError(f"fault={text}: unknown fault; accepted faults: {', '.join(map(_form, FAULT_TYPES))}")
    arguments = accepted(kind)
    if arguments is None and not colon:
        return Fault(kind)
    if arguments is None or not colon:
        raise BehaviourError(f"fault={text}: expected fault={_form(kind)}")
    return Fault(kind, whole(f"fault={kind}", argument, arguments))


def whole(key: str, text: str, arguments: range) -> int:
    """A whole number in `arguments`. Raises BehaviourError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) in arguments):
        raise BehaviourError(f"{key}: expected a whole number from {arguments[0]} to {arguments[-1]}, got {text!r}")
    return int(text)


def _form(kind: str) -> str:
    return f"{kind}:<n>" if FAULT_TYPES[kind][0] else kind
