"""Reads a trace: JSONL, a header line, then a line per request. An error names its line.

The header is `{"format": 1, "cumulative": false}`. `cumulative` says whether the input length of a later turn contains the earlier ones.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeVar

import msgspec

from hivecheck.errors import UsageError
from hivecheck.load.schedule import Trace, Turn

HEADER = '{"format": 1, "cumulative": false}'
EXAMPLE = '{"at": 0.5, "input_tokens": 120, "output_tokens": 40}'
LEAST_WINDOW_SECONDS = 1.0


Line = TypeVar("Line", bound=msgspec.Struct)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a trace."""

    format: int
    cumulative: bool


def read(path: Path, duration_seconds: float | None = None) -> Trace:
    """The trace of a file. With a duration, the conversations that begin within it, each whole. Raises UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"expected: a trace in JSONL\nactual: {path}: {error}\nnext: give the path of a readable file") from None
    return parse(text, str(path), duration_seconds)


def parse(text: str, name: str, duration_seconds: float | None = None) -> Trace:
    """The trace of a text. `name` stands in messages. Raises UsageError with the line."""
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not numbered:
        raise _error(name, 1, "the header of a trace", "an empty file", f"begin the file with {HEADER}")
    header = _decoded(name, *numbered[0], Header, f"begin the file with {HEADER}")
    if header.format != 1:
        raise _error(name, numbered[0][0], "format 1", f"format {header.format}", "write the trace in format 1")
    turns: list[Turn] = []
    lines: list[int] = []
    known: set[str] = set()
    for number, line in numbered[1:]:
        turn = _decoded(name, number, line, Turn, f"write a line such as {EXAMPLE}")
        _must_fit(name, number, turn, known)
        known |= {turn.conversation} if turn.conversation else set()
        turns.append(turn)
        lines.append(number)
    trace = _cut(turns, header.cumulative, duration_seconds)
    if not trace.turns:
        raise _error(name, numbered[-1][0], "at least one request", "none", f"write a line such as {EXAMPLE}, or raise --duration")
    for place, turn in enumerate(trace.turns):
        if (own := trace.own_input_tokens(place)) < 1:
            line_number = next(lines[at] for at, one in enumerate(turns) if one is turn)
            actual = f"input_tokens {turn.input_tokens}, which leaves {own} for the turn itself"
            raise _error(
                name, line_number, "a cumulative length above that of the earlier turns", actual, "correct it, or cumulative: false"
            )
    return trace


def _cut(turns: list[Turn], is_cumulative: bool, duration_seconds: float | None) -> Trace:
    """The conversations that begin within the duration. A trace ends where conversations end, so none is cut."""
    kept, held = [], set()
    for turn in turns:
        is_kept = turn.conversation in held if turn.at is None else duration_seconds is None or turn.at < duration_seconds
        if is_kept:
            kept.append(turn)
            held.add(turn.conversation)
        else:
            held.discard(turn.conversation)
    last = max((turn.at for turn in kept if turn.at is not None), default=0.0)
    # The window of the rates is half open, so it reaches one mean gap beyond the last request.
    gap = last / max(1, len(kept) - 1)
    return Trace(tuple(kept), duration_seconds or max(LEAST_WINDOW_SECONDS, last + gap), is_cumulative)


def _must_fit(name: str, number: int, turn: Turn, known: set[str]) -> None:
    values = {"input_tokens": turn.input_tokens, "output_tokens": turn.output_tokens, "at": turn.at or 0.0, "think": turn.think}
    for field, value in values.items():
        if not 0 <= value < math.inf or (field == "input_tokens" and value < 1):
            least = "1 or more" if field == "input_tokens" else "0 or more"
            raise _error(name, number, f"{field} of {least}", f"{value:g}", "correct the number")
    if turn.at is None and turn.conversation not in known:
        actual = f"the conversation {turn.conversation} begins here" if turn.conversation else "no at and no conversation"
        raise _error(name, number, "`at` in the first line of a conversation", actual, "add `at`, in seconds after the start")
    if turn.at is not None and turn.conversation in known:
        expected = "`think` in a later line of a conversation"
        raise _error(
            name, number, expected, f"a second `at` in {turn.conversation}", "name the conversation anew, or replace `at` by `think`"
        )


def _decoded(name: str, number: int, line: str, kind: type[Line], next_step: str) -> Line:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.ValidationError as error:
        accepted = ", ".join(kind.__struct_fields__)
        raise _error(name, number, f"a JSON object with the fields {accepted}", str(error), next_step) from None
    except msgspec.DecodeError as error:
        raise _error(name, number, "one JSON object a line", str(error), next_step) from None


def _error(name: str, number: int, expected: str, actual: str, next_step: str) -> UsageError:
    return UsageError(f"expected: {expected}\nactual: {name}:{number}: {actual}\nnext: {next_step}")
