"""Numbers, lists, figures and output in messages: the one place that chooses between singular and plural, and that writes data as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

OUTPUT_LINES = 15
# Takes a progress line for the person.
Say = Callable[[str], None]


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """The number with the form that agrees with it: "1 chat", "2 chats".

    Without a plural, the singular gets an s. A form may hold a verb: `counted(n, "chat was answered", "chats were answered")`.
    """
    return f"{number} {agreeing(number, singular, f'{singular}s' if plural is None else plural)}"


def agreeing(number: int, singular: str, plural: str) -> str:
    """The form alone, for a verb apart from its number: `f"{counted(n, 'chat')} of model-a {agreeing(n, 'was', 'were')} answered"`."""
    return singular if number == 1 else plural


def listed(items: Iterable[object]) -> str:
    """The items as one phrase in their order: "a", "a and b", "a, b and c". No item: "none"."""
    *most, last = [plain(item) for item in items] or ["none"]
    return f"{', '.join(most)} and {last}" if most else last


def figures(values: Mapping[Any, object], separator: str = ", ") -> str:
    """Each name with its value, sorted by name: "worker-1: 20, worker-2: 0". No name: "none".

    A name may be a tuple, such as tenant and session. Values may be collections. A mapping in a value stands in brackets.
    """
    # A list in a value has commas of its own, so a comma cannot also end the value.
    between = "; " if any(isinstance(value, list | tuple | AbstractSet) and len(value) > 1 for value in values.values()) else separator
    lines = sorted((_name(name), plain(value)) for name, value in values.items())
    return between.join(f"{name}: {value}" for name, value in lines) or "none"


def excerpt(output: Sequence[str]) -> str:
    """The last lines of a command's output, each on a line of its own below the message."""
    return "".join(f"\n  | {line}" for line in output[-OUTPUT_LINES:])


def _name(name: object) -> str:
    return "/".join(map(plain, name)) if isinstance(name, tuple) else plain(name)


def plain(value: object) -> str:
    """A value of a message without Python's notation: no quotes, no brackets of lists, `true` and `none` in lower case.

    Bytes are text, with escapes for what is none.
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # Journals and logs round to microseconds.
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if isinstance(value, bytes):
        text = value.decode(errors="backslashreplace")
        return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text) or "no bytes"
    if isinstance(value, Mapping):
        return f"({figures(value)})" if value else "none"
    if isinstance(value, AbstractSet):
        return listed(sorted(map(plain, value)))
    return listed(value) if isinstance(value, list | tuple) else str(value)
