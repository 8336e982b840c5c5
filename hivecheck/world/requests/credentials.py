"""Who a client claims to be, by the words Gherkin uses."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.errors import UsageError
from hivecheck.stack.secrets import RESTRICTED_MODELS, Secrets

CREDENTIALS: dict[str, Callable[[Secrets], str | None]] = {
    "no key": lambda secrets: None,
    "a wrong key": lambda secrets: "sk-" + "0" * 32,
    "an expired token": lambda secrets: secrets.mint("ada", "engines", lifetime_seconds=-60),
    "a forged token": lambda secrets: Secrets().mint("ada", "engines"),
    "a key for other models": lambda secrets: secrets.keys["restricted"],
    "a token for other models": lambda secrets: secrets.mint("ada", "engines", models=list(RESTRICTED_MODELS)),
    "a valid key": lambda secrets: secrets.keys["tester"],
    "a key of acme": lambda secrets: secrets.keys["acme"],
    "a key of globex": lambda secrets: secrets.keys["globex"],
    "a token of acme": lambda secrets: secrets.mint("ada", "acme"),
    "a token with acme's offerings": lambda secrets: secrets.mint("ada", "engines", organisations=["acme"]),
}


def credential(words: str, secrets: Secrets) -> str | None:
    """The bearer for those words; None sends none. Raises UsageError for words that are not in the table."""
    if words not in CREDENTIALS:
        raise UsageError(f"There is no credential {words!r}. Known: {', '.join(CREDENTIALS)}.")
    return CREDENTIALS[words](secrets)
