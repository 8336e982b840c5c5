"""Verifies client JWTs and caches the verified claims. Issues no tokens and fetches no keys."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import jwt
import msgspec

from services.api_errors import ApiError
from services.orchestrator.settings import Jwt

# A verification costs more than all other checks of a request together, so the verifier caches its result.
MAX_REMEMBERED = 4096
REMEMBERED_SECONDS = 60.0


class Claims(msgspec.Struct, frozen=True):
    """The claims that the gateway reads from a token. Without the claim `models` (None), every model is allowed."""

    subject: str = msgspec.field(name="sub")
    expires_at: float = msgspec.field(name="exp")
    tenant: str | None = None
    models: frozenset[str] | None = None
    organisations: frozenset[str] = frozenset()


@dataclass
class JwtVerifier:
    """Verifies signature, expiry and audience. Caches claims by the hash of the token, at most until the token expires."""

    settings: Jwt
    _remembered: OrderedDict[bytes, tuple[Claims, float]] = field(default_factory=OrderedDict)

    def claims(self, token: str, digest: bytes) -> Claims:
        """The claims of a valid token. Raises ApiError 401."""
        now = time.time()
        if remembered := self._remembered.get(digest):
            claims, until = remembered
            if now < until:
                return claims
            del self._remembered[digest]
        claims = self._verify(token)
        self._remembered[digest] = claims, min(claims.expires_at, now + REMEMBERED_SECONDS)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return claims

    def _verify(self, token: str) -> Claims:
        options: Any = {"require": ["exp", "sub"], "verify_aud": self.settings.audience is not None}
        try:
            payload = jwt.decode(
                token, self.settings.secret, algorithms=[self.settings.algorithm], audience=self.settings.audience, options=options
            )
            claims = msgspec.convert(payload, Claims)
        except jwt.ExpiredSignatureError:
            raise ApiError("invalid_api_key", "The token has expired.") from None
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError):
            raise ApiError("invalid_api_key", "The token is invalid.") from None
        if not _is_header_safe(claims.subject) or not _is_header_safe(claims.tenant or ""):
            raise ApiError("invalid_api_key", "The sub or tenant of the token contains control characters.")
        return claims


def _is_header_safe(text: str) -> bool:
    """Whether a claim fits into a header. The gateway sends it to workers, and RFC 9110 section 5.5 forbids control characters."""
    return text.isprintable()
