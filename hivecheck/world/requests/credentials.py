"""What a client authenticates with, by the words of Gherkin."""

from __future__ import annotations

import re
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
# A token for any subject and tenant, beside the table.
TOKEN = re.compile(r"a token of ([a-z]+) from ([a-z]+)")


def credential(words: str, secrets: Secrets) -> str | None:
    """The bearer for those words; None sends none. Raises UsageError for words that are not in the table."""
    if claims := TOKEN.fullmatch(words):
        return secrets.mint(claims[1], claims[2])
    if words not in CREDENTIALS:
        raise UsageError(f"There is no credential {words!r}. Known: {', '.join(CREDENTIALS)}.")
    return CREDENTIALS[words](secrets)
