"""Turns an API key or a JWT into the identity of a client, and checks model permissions. Knows nothing about routing."""

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
    """An authenticated client. `models` is None when every model is allowed."""

    subject: str
    tenant: str | None = None
    models: frozenset[str] | None = None
    organisations: frozenset[str] = frozenset()

    def may_use(self, *names: str) -> bool:
        """Whether the client may use a model. `names` are all names of that model."""
        return self.models is None or not self.models.isdisjoint(names)

    def must_be_allowed(self, *names: str) -> None:
        """Raise ApiError 403 unless the client may use the model. The first name is the one in the request."""
        if not self.may_use(*names):
            raise ApiError("model_not_allowed", f"This key may not use the model '{names[0]}'.", param="model")

    def belongs_to(self, organisation: str) -> bool:
        """Whether the client belongs to this organisation. Its tenant counts as an organisation."""
        return organisation == self.tenant or organisation in self.organisations

    def headers(self) -> dict[str, str]:
        """The headers that tell hive and worker which client sent the request."""
        named = {wire.AUTH_SUBJECT: self.subject}
        return named if self.tenant is None else named | {wire.AUTH_TENANT: self.tenant}


@dataclass
class Authenticator:
    """Identifies clients by their bearer credential. Stores hashes, never keys."""

    by_hash: dict[bytes, Identity] = field(default_factory=dict)
    jwt: JwtVerifier | None = None

    def identify(self, authorization: str | None) -> Identity:
        """The client behind an `Authorization` header. Raises ApiError 401."""
        if not authorization:
            raise ApiError("invalid_api_key", "You did not provide an API key; send it as 'Authorization: Bearer KEY'.")
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise ApiError("invalid_api_key", "The Authorization header must have the form 'Bearer KEY'.")
        credential = authorization[len(_SCHEME) :].strip()
        # A dict lookup needs no constant time: its timing depends on the SHA-256, which a client cannot steer towards a stored one.
        digest = hashlib.sha256(credential.encode("utf-8", "surrogateescape")).digest()
        if known := self.by_hash.get(digest):
            return known
        if self.jwt and credential.count(".") == 2:  # A JWT has three parts (RFC 7515 section 3.1).
            claims = self.jwt.claims(credential, digest)
            return Identity(claims.subject, claims.tenant, claims.models, claims.organisations)
        raise ApiError("invalid_api_key", "The API key is unknown to this gateway.")


def authenticator(settings: Settings) -> Authenticator:
    """The authenticator for the keys and JWT rules of `settings`."""
    return Authenticator(_by_hash(settings.api_keys), JwtVerifier(settings.jwt) if settings.jwt else None)


def _by_hash(keys: Iterable[ApiKey]) -> dict[bytes, Identity]:
    return {
        bytes.fromhex(key.sha256): Identity(key.name, key.tenant, frozenset(key.models) or None, frozenset(key.organisations))
        for key in keys
    }
