"""What a client authenticates with, by the words of Gherkin."""

from __future__ import annotations

import re
from collections.abc import Callable

from hivecheck.errors import UsageError
from hivecheck.stack.secrets import RESTRICTED_MODELS, Secrets

CREDENTIALS: dict[str, Callable[[Secrets], str | None]] = {
    "no key": lambda secrets: None,
    "a wrong key": lambda secrets: "sk-" + "0" * 32,
    # Near misses: a comparison of a prefix, or one that ignores case, accepts them.
    "a valid key in upper case": lambda secrets: secrets.keys["tester"].upper(),
    "a valid key and one more character": lambda secrets: secrets.keys["tester"] + "0",
    "a valid key without its last character": lambda secrets: secrets.keys["tester"][:-1],
    "an expired token": lambda secrets: secrets.mint("ada", "engines", lifetime_seconds=-60),
    "a forged token": lambda secrets: Secrets().mint("ada", "engines"),
    "a key for other models": lambda secrets: secrets.keys["restricted"],
    "a token for other models": lambda secrets: secrets.mint("ada", "engines", models=list(RESTRICTED_MODELS)),
    "a token for no model": lambda secrets: secrets.mint("ada", "engines", models=[]),
    "a valid key": lambda secrets: secrets.keys["tester"],
    "a key of acme": lambda secrets: secrets.keys["acme"],
    "a key of globex": lambda secrets: secrets.keys["globex"],
    "a token of acme": lambda secrets: secrets.mint("ada", "acme"),
    "a key with acme's offerings": lambda secrets: secrets.keys["partner"],
    # Without an audience of its own a gateway ignores this claim (RFC 7519 section 4.1.3 leaves its use to the application).
    "a token of ada for another audience": lambda secrets: secrets.mint("ada", "engines", aud=["another-service"]),
    "a token with acme's offerings": lambda secrets: secrets.mint("ada", "engines", organisations=["acme"]),
    # The permission has the client's name of the model and not the worker's.
    "a token for acme/fast only": lambda secrets: secrets.mint("ada", "acme", models=["acme/fast"]),
    "a token with a text in place of a list": lambda secrets: secrets.mint("ada", "engines", models="model-a"),
}
# Credentials that the gateway accepted a moment before it must reject them.
EXPIRED, RESIGNED = "a token that has expired since its last use", "a token of an earlier client with another signature"
# A token for any subject, with or without a tenant, beside the table.
TOKEN = re.compile(r"a token of ([a-z]+) (?:from ([a-z]+)|without a tenant)")


def credential(words: str, secrets: Secrets) -> str | None:
    """The bearer for those words; None sends none. Raises UsageError for words that are not in the table."""
    if claims := TOKEN.fullmatch(words):
        return secrets.mint(claims[1], claims[2])
    if words not in CREDENTIALS:
        raise UsageError(f"There is no credential {words!r}. Known: {', '.join(CREDENTIALS)}.")
    return CREDENTIALS[words](secrets)


def resigned(token: str, secrets: Secrets) -> str:
    """The token with the signature of another token, so that only the signature is wrong."""
    signature = secrets.mint("eve", "engines").rpartition(".")[2]
    return f"{token.rpartition('.')[0]}.{signature}"
