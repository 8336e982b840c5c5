"""The settings of the orchestrator, and the rules that span several fields."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from services.config import CommonSettings, HttpUrl, Name, PositiveSeconds, Seconds

# RFC 7518 section 3.2: an HMAC key is at least as long as the hash, 32 bytes for HS256.
JWT_SECRET_MIN_CHARACTERS = 32

# The gateway sends key names and tenants to workers in headers.
HeaderText = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,256}$", description="printable ASCII, at most 256 characters")]

ModelName = Annotated[str, msgspec.Meta(min_length=1, max_length=256, description="a model's name, at most 256 characters")]
Uuid = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", description="a UUID, like 0f8fad5b-d9cb-469f-a165-70867728950e"
    ),
]

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

PositiveCount = Annotated[int, msgspec.Meta(ge=1, description="a whole number, 1 or more")]


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client key, stored as its SHA-256 only. An empty `models` allows every model. The key belongs to its tenant and `organisations`."""

    name: Name
    sha256: str
    models: tuple[str, ...] = ()
    tenant: HeaderText | None = None
    organisations: tuple[HeaderText, ...] = ()


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that workers serve as `name`, with its further names. An inactive model answers 404 to every client.

    With an `organisation`, only the clients of that organisation can use it.
    """

    name: ModelName
    id: Uuid | None = None
    repository: ModelName | None = None
    aliases: tuple[ModelName, ...] = ()
    organisation: HeaderText | None = None
    active: bool = True

    def names(self) -> tuple[str, ...]:
        """Every name that a request can use for this model."""
        own = (self.name, self.id.lower() if self.id else None, self.repository)
        return (*filter(None, own), *self.aliases)


class Offering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name `organisation/code` for the served model `model`. Only clients of the organisation can use that name."""

    organisation: HeaderText
    code: ModelName
    model: ModelName
    active: bool = True

    @property
    def name(self) -> str:
        return f"{self.organisation}/{self.code}"


class Jwt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How client JWTs are verified. The claims `sub` and `exp` are required.

    The claims `tenant`, `models` and `organisations` have the same meaning as the fields of a key.
    """

    secret: str
    algorithm: Literal["HS256"] = "HS256"
    audience: str | None = None


# RFC 9110 section 5.6.2: a header name is a token.
HeaderName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$", description="a header's name")]


class Settings(CommonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`first_byte_seconds` and `idle_seconds` limit one attempt. A request makes at most `1 + max_extra_attempts` attempts.
    A non-streamed answer must be complete within `unary_seconds` of its first byte. A client has `write_seconds` to receive each chunk.

    An unreachable worker is ejected for `ejection_seconds`: it gets requests only if every other worker is ejected too.
    In any ten seconds the gateway retries at most `retry_share` of the requests, but always `retry_per_second` per second.

    The circuit of a worker opens after `breaker_failures` failures in a row, for `breaker_open_seconds`.
    Each failed probe doubles that time, up to `breaker_longest_open_seconds`. The circuit closes after `breaker_successes` probes.
    At most `max_connections_per_worker` attempts run at one worker. Further attempts wait up to `pool_wait_seconds`.

    After a registry restarts without its data, the gateway keeps the previous services for `registry_grace_seconds`.

    The first header of `session_headers` that a request carries names its session, else the body field `session_field` (empty: none).
    A session stays at its worker for `session_ttl_seconds` after its last answer. The gateway keeps at most `session_capacity` sessions.

    The usage ledger keeps a request for `ledger_retention_days`, and only the newest `ledger_max_rows` (about 0.3 KB each).
    The ledger records a running stream every `ledger_note_seconds`. A gateway that is killed loses at most that much of the stream.
    While the ledger file is not writable, up to `ledger_max_unwritten` rows wait in memory. The gateway then refuses further requests.

    With `provisioning`, a request for a model without a worker makes a hive load it, and waits up to `provisioning_wait_seconds`.
    At most `provisioning_max_waiting` requests wait at once.
    """

    registry_url: HttpUrl
    poll_wait_seconds: PositiveSeconds = 0.5
    registry_grace_seconds: Seconds = 3.0
    api_keys: tuple[ApiKey, ...] = ()
    jwt: Jwt | None = None
    declared_models: tuple[str, ...] = ()
    models: tuple[ModelEntry, ...] = ()
    offerings: tuple[Offering, ...] = ()
    model_memory_seconds: Seconds = 600.0
    unknown_model_status: Literal[404, 503] = 404
    connect_seconds: PositiveSeconds = 2.0
    first_byte_seconds: PositiveSeconds = 60.0
    idle_seconds: PositiveSeconds = 30.0
    max_extra_attempts: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    unary_seconds: PositiveSeconds = 600.0
    write_seconds: PositiveSeconds = 30.0
    retry_base_seconds: Seconds = 0.025
    retry_share: Annotated[float, msgspec.Meta(ge=0, le=1, description="a share, 0 to 1")] = 0.2
    retry_per_second: Annotated[float, msgspec.Meta(ge=0, description="retries a second, 0 or more")] = 10.0
    ejection_seconds: Seconds = 2.0
    breaker_failures: PositiveCount = 5
    breaker_open_seconds: PositiveSeconds = 0.5
    breaker_longest_open_seconds: PositiveSeconds = 2.0
    breaker_successes: PositiveCount = 2
    max_connections_per_worker: PositiveCount = 1024
    pool_wait_seconds: PositiveSeconds = 2.0
    retry_seed: int = 0
    session_headers: tuple[HeaderName, ...] = ("X-Session-ID",)
    session_field: str = "session_id"
    session_ttl_seconds: PositiveSeconds = 3600.0
    session_capacity: Annotated[int, msgspec.Meta(ge=1)] = 100_000
    ledger_retention_days: Annotated[float, msgspec.Meta(gt=0, description="days, more than 0")] = 90.0
    ledger_max_rows: Annotated[int, msgspec.Meta(ge=1, description="a number of requests, 1 or more")] = 2_000_000
    ledger_note_seconds: PositiveSeconds = 1.0
    ledger_max_unwritten: Annotated[int, msgspec.Meta(ge=1, description="a number of requests, 1 or more")] = 10_000
    max_in_flight: Annotated[int, msgspec.Meta(ge=1)] = 4096
    shutdown_scope: Literal["self", "cascade"] = "self"
    cascade_seconds: PositiveSeconds = 10.0
    provisioning: bool = False
    provisioning_wait_seconds: PositiveSeconds = 25.0
    provisioning_max_waiting: PositiveCount = 256


def problem(settings: Settings) -> str | None:
    """The error in the settings as a whole, without any secret, or None."""
    if not settings.api_keys and settings.jwt is None:
        return "api_keys, jwt: no client could use this gateway; give at least one [[api_keys]] table or a [jwt] table"
    for place, key in enumerate(settings.api_keys):
        if not _SHA256.fullmatch(key.sha256):
            return f"api_keys[{place}].sha256 ({key.name}): expected 64 hex digits from `printf %s KEY | sha256sum`, not the key itself"
    if settings.jwt and len(settings.jwt.secret) < JWT_SECRET_MIN_CHARACTERS:
        return f"jwt.secret: expected {JWT_SECRET_MIN_CHARACTERS} characters or more, actual {len(settings.jwt.secret)}"
    return _ambiguity(settings)


def _ambiguity(settings: Settings) -> str | None:
    """The error if two models share a name, because a request with that name would be ambiguous."""
    names = [name for model in settings.models for name in model.names()] + [offering.name for offering in settings.offerings]
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"models, offerings: {twice!r} is given twice; each name must belong to one model" if twice else None
