"""Reads the session of a request from a header or a body field. Selects no worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.orchestrator.identity.auth import Identity
from services.orchestrator.routing.sticky import Affinity, Pins, key_of


@dataclass(frozen=True)
class Sessions:
    """The first present header of `headers` names the session, else `body_field`. An empty `body_field` reads no body."""

    pins: Pins
    headers: tuple[str, ...]
    body_field: str
    _read: Callable[[bytes], str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", _reader(self.body_field))

    def affinity(self, headers: Mapping[str, str], body: bytes, identity: Identity, model: str) -> Affinity | None:
        """The affinity of the request's session, or None without a session."""
        session = _first(headers, self.headers) or self._read(body)
        return Affinity(self.pins, key_of(_owner(identity), model, session)) if session else None


def _first(headers: Mapping[str, str], names: Iterable[str]) -> str:
    for name in names:
        if value := headers.get(name):
            return value
    return ""


def _owner(identity: Identity) -> str:
    """The owner of a session: the tenant, or the key if it has no tenant."""
    return f"tenant {identity.tenant}" if identity.tenant is not None else f"subject {identity.subject}"


def _reader(name: str) -> Callable[[bytes], str]:
    """A function that reads field `name` of a JSON object: a string or an integer, else empty. It decodes no other field."""
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
            return ""  # Validation reports a malformed body.
        return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""

    return read
