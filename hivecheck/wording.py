"""Numbers in messages: the one place that chooses between singular and plural."""

from __future__ import annotations


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """The number with the form that agrees with it: "1 chat", "2 chats".

    Without a plural, the singular gets an s. A form may hold a verb: `counted(n, "chat was answered", "chats were answered")`.
    """
    return f"{number} {agreeing(number, singular, f'{singular}s' if plural is None else plural)}"


def agreeing(number: int, singular: str, plural: str) -> str:
    """The form alone, for a verb apart from its number: `f"{counted(n, 'chat')} of model-a {agreeing(n, 'was', 'were')} answered"`."""
    return singular if number == 1 else plural
