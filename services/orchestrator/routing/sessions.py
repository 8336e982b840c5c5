"""Reads from a request which session it belongs to: a header, else a field of the body. Knows nothing of workers or pins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.orchestrator.identity.auth import Identity
from services.orchestrator.routing.sticky import Affinity, Pins, key_of


@dataclass(frozen=True)
class Sessions:
    """The first of `headers` that is there names the session, else `body_field` (empty: no body is looked into)."""

    pins: Pins
    headers: tuple[str, ...]
    body_field: str
    _read: Callable[[bytes], str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", _reader(self.body_field))

    def affinity(self, headers: Mapping[str, str], body: bytes, identity: Identity, model: str) -> Affinity | None:
        """The affinity of a request that belongs to a session of its client; None for one that does not."""
        session = _first(headers, self.headers) or self._read(body)
        return Affinity(self.pins, key_of(_owner(identity), model, session)) if session else None


def _first(headers: Mapping[str, str], names: Iterable[str]) -> str:
    for name in names:
        if value := headers.get(name):
            return value
    return ""


def _owner(identity: Identity) -> str:
    """Sessions are a tenant's, or, where there are no tenants, a key's."""
    return f"tenant {identity.tenant}" if identity.tenant is not None else f"subject {identity.subject}"


def _reader(name: str) -> Callable[[bytes], str]:
    """What reads field `name` of a JSON object, in one pass that skips all else: a text or a whole number; empty for other things."""
    if not name:
        return lambda body: ""
    shape: Any = msgspec.defstruct("Body", [("session", msgspec.Raw, msgspec.Raw(b'""'))], rename={"session": name})
    decoder = msgspec.json.Decoder(shape)
    marker = f'"{name}"'.encode()

    def read(body: bytes) -> str:
        if marker not in body:
            return ""
        try:
            value = msgspec.json.decode(decoder.decode(body).session)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""  # what is wrong with the body is others' to say
        return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""

    return read
