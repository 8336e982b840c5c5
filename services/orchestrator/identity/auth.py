"""Who is asking: an API key or a JWT becomes an Identity. Decides nothing about routing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from services import wire
from services.api_errors import ApiError
from services.orchestrator.identity.jwt_tokens import JwtVerifier
from services.orchestrator.settings import ApiKey, Settings

_SCHEME = "bearer "


@dataclass(frozen=True)
class Identity:
    """A client. `models` is None when every model is allowed."""

    subject: str
    tenant: str | None = None
    models: frozenset[str] | None = None
    organisations: frozenset[str] = frozenset()

    def may_use(self, *names: str) -> bool:
        """Whether a model may be used, by any of its names."""
        return self.models is None or not self.models.isdisjoint(names)

    def must_be_allowed(self, *names: str) -> None:
        """Raise ApiError 403 unless the client may use the model of these names, the first being what it called it."""
        if not self.may_use(*names):
            raise ApiError("model_not_allowed", f"This key may not use the model '{names[0]}'.", param="model")

    def belongs_to(self, organisation: str) -> bool:
        """Whether what this organisation offers is for this client; its tenant is an organisation, too."""
        return organisation == self.tenant or organisation in self.organisations

    def headers(self) -> dict[str, str]:
        """How the hive and the worker learn of the client."""
        named = {wire.AUTH_SUBJECT: self.subject}
        return named if self.tenant is None else named | {wire.AUTH_TENANT: self.tenant}


@dataclass
class Authenticator:
    """Recognises clients by their bearer credential. Keeps hashes, never a key."""

    by_hash: dict[bytes, Identity] = field(default_factory=dict)
    jwt: JwtVerifier | None = None

    def identify(self, authorization: str | None) -> Identity:
        """The client behind an `Authorization` header. Raises ApiError 401."""
        if not authorization:
            raise ApiError("invalid_api_key", "You did not provide an API key; send it as 'Authorization: Bearer KEY'.")
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise ApiError("invalid_api_key", "The Authorization header must have the form 'Bearer KEY'.")
        credential = authorization[len(_SCHEME) :].strip()
        # A plain dict lookup is safe: timing tells about the hash, and nobody can steer a SHA-256 towards a stored one.
        digest = hashlib.sha256(credential.encode("utf-8", "surrogateescape")).digest()
        if known := self.by_hash.get(digest):
            return known
        if self.jwt and credential.count(".") == 2:
            claims = self.jwt.claims(credential, digest)
            return Identity(claims.subject, claims.tenant, claims.models, claims.organisations)
        raise ApiError("invalid_api_key", "The API key is not known here.")


def authenticator(settings: Settings) -> Authenticator:
    """The recogniser of the clients that `settings` names."""
    return Authenticator(_by_hash(settings.api_keys), JwtVerifier(settings.jwt) if settings.jwt else None)


def _by_hash(keys: Iterable[ApiKey]) -> dict[bytes, Identity]:
    return {
        bytes.fromhex(key.sha256): Identity(key.name, key.tenant, frozenset(key.models) or None, frozenset(key.organisations))
        for key in keys
    }
