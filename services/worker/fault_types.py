"""The faults a worker can be told to commit: name, argument, meaning. Data and its reader; `faults` and `distortion` carry them out."""

from __future__ import annotations

import msgspec

# kind: (accepted argument, what it does). Plain literals: `hivecheck docs` prints this table. `..._after` counts tokens already sent.
FAULT_TYPES: dict[str, tuple[str, str]] = {
    "status": ("400-599", "Answers with that status and an OpenAI error object, before a slot is taken; `header=` adds headers."),
    "refuse": ("1-60000", "Cuts every connection and listens no more for so many milliseconds: new connections are refused."),
    "reset": ("", "Resets the connection before any header."),
    "reset_after": ("0-100000", "Resets the connection after so many tokens; an unary answer loses its whole body."),
    "cut_at": ("0-100000000", "Resets the connection after exactly so many bytes of a stream's body, be it in the middle of an event."),
    "no_done_after": (
        "0-100000",
        "Ends a stream cleanly after so many tokens, but without finish reason and end marker; halves an unary body.",
    ),
    "stall_after": ("0-100000", "Sends nothing more after so many tokens, and leaves the connection open."),
    "hang": ("", "Takes a slot and never answers."),
    "slow_headers": ("1-60000", "Sends status line and headers in ten pieces over so many milliseconds, then the whole body; closes then."),
    "slow_drip": ("1-10000", "Sends the body 16 bytes at a time, so many milliseconds apart."),
    "bad_json_after": ("0-100000", "Puts a chunk that is no JSON after so many tokens, then ends as usual; halves an unary body."),
    "error_event_after": ("0-100000", "Sends an error event and `[DONE]` after so many tokens, as vLLM does; unary: status 500."),
    "wrong_type": ("", "Sends the right body as `text/html`."),
    "no_usage": ("", "Leaves the usage out, also when it was asked for."),
    "double_done": ("", "Ends a stream with `[DONE]` twice."),
    "oversized_chunk": ("1-65536", "Pads the first token to so many KiB."),
    "exit": ("0-255", "Ends the process with that exit code, before any answer."),
    "sick": ("", "Calls itself sick on its health call until the request has ended; the request itself is answered as usual."),
    "allocate": ("1-65536", "Fills so many MiB of memory and keeps them; the request itself is answered as usual."),
}

# Those that change how an answer is written, not whether it comes to its end.
RESPONSE_FAULTS = frozenset({"slow_headers", "slow_drip", "wrong_type", "no_usage", "double_done", "oversized_chunk"})


class BehaviourError(ValueError):
    """The text is not a behaviour. The message names what is accepted."""


class Fault(msgspec.Struct, frozen=True):
    """One misbehaviour; `argument` is a status, an exit code, tokens, milliseconds, KiB or MiB: the table says which."""

    kind: str
    argument: int | None = None

    @property
    def tokens(self) -> int | None:
        """After how many tokens it strikes; None for one that strikes before any, or never ends an answer."""
        return self.argument if self.kind.endswith("_after") else None

    @property
    def is_response_fault(self) -> bool:
        return self.kind in RESPONSE_FAULTS

    def __str__(self) -> str:
        return self.kind if self.argument is None else f"{self.kind}:{self.argument}"


def accepted(kind: str) -> range | None:
    """The arguments a kind takes; None: it takes none."""
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
    """A number out of `arguments`. Raises BehaviourError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) in arguments):
        raise BehaviourError(f"{key}: expected a whole number from {arguments[0]} to {arguments[-1]}, got {text!r}")
    return int(text)


def _form(kind: str) -> str:
    return f"{kind}:<n>" if FAULT_TYPES[kind][0] else kind
