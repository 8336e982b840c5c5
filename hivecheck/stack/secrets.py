"""The secrets of one stack: the cluster's token, clients' keys and the JWT secret. Drawn anew for every stack; never logged."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt

TENANTS = ("acme", "globex")
KEY_NAMES = ("tester", "restricted", "partner", *TENANTS)
# The second name contains a name that the tests use, so a comparison of parts of names accepts too much.
RESTRICTED_MODELS = ("model-restricted", "model-a-large")


@dataclass(frozen=True)
class Secrets:
    """`keys` by name: `tester` may use every model, `restricted` only model-restricted; each tenant has a key of its name.
    `partner` belongs to no tenant of its own name and may use the offerings of acme.
    `minted`: the JWTs that were handed out, expired ones included."""

    token: str = field(default_factory=lambda: f"ct-{secrets.token_hex(16)}", repr=False)
    jwt_secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    keys: dict[str, str] = field(default_factory=lambda: {name: f"sk-{secrets.token_hex(16)}" for name in KEY_NAMES}, repr=False)

    minted: list[str] = field(default_factory=list, repr=False)

    def orchestrator_settings(self) -> dict[str, Any]:
        """What the orchestrator must know of them: hashes of the keys, the JWT secret."""
        allowed = {"restricted": list(RESTRICTED_MODELS)}
        # Hashes only, so that a settings file or a log of the gateway cannot leak a key.
        keys = [{"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest()} for name, key in self.keys.items()]
        granted = {"partner": ["globex-labs", "acme"]}
        entries = [
            key
            | {"models": allowed.get(key["name"], []), "organisations": granted.get(key["name"], [])}
            | {"tenant": key["name"] if key["name"] in TENANTS else "hivecheck"}
            for key in keys
        ]
        return {"api_keys": entries, "jwt": {"secret": self.jwt_secret}}

    def mint(self, subject: str, tenant: str | None, *, lifetime_seconds: float = 300.0, **more: list[str] | str) -> str:
        """A signed JWT; a negative lifetime makes an expired one. `more` are further claims: models, organisations."""
        claims: dict[str, Any] = {"sub": subject, "exp": time.time() + lifetime_seconds} | more
        claims |= {} if tenant is None else {"tenant": tenant}
        token = jwt.encode(claims, self.jwt_secret, algorithm="HS256")
        self.minted.append(token)
        return token

    def all(self) -> list[str]:
        """Every secret value, for redaction and for proving that none shows up anywhere."""
        return [self.token, self.jwt_secret, *self.keys.values(), *self.minted]
