"""The contract between services: headers and JSON shapes. No behaviour, no I/O.

A service imports its peers' shapes from here, never from the peer.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

# Headers. `X-Cluster-Token` is the shared secret of service-to-service and admin calls. The gateway's clients do not have it.
CLUSTER_TOKEN = "X-Cluster-Token"
REQUEST_ID = "X-Request-Id"
WORKER_ID = "X-Worker-Id"
ATTEMPTS = "X-Attempts"
AUTH_SUBJECT = "X-Auth-Subject"
AUTH_TENANT = "X-Auth-Tenant"
SHOULD_RETRY = "X-Should-Retry"
RETRY_AFTER = "Retry-After"
SIMULATE = "X-Simulate"
TIMING = "X-Timing"  # `1` requests a Server-Timing response header
SERVER_TIMING = "Server-Timing"

REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._:\-]{1,128}")

# Hop-by-hop headers describe one connection and are never relayed (RFC 9110 section 7.6.1).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

NodeKind = Literal["hive", "worker"]
Health = Literal["healthy", "degraded", "unhealthy"]
ServingState = Literal["ready", "draining"]
# unconfirmed: the lease expired together with most others, so the fault may be at the registry.
EntryStatus = Literal["online", "unconfirmed", "offline"]
ModelState = Literal["absent", "downloading", "ready", "failed"]
WorkerState = Literal["starting", "alive", "hung", "draining", "dead", "fatal"]


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The full description that a hive or a worker registers.

    `epoch` identifies the incarnation by its start time in nanoseconds since 1970. Each restart has a greater epoch.
    `/v1/...` is appended to `url`. The URL of a managed worker leads through its hive.
    `metrics` of a worker are its `running`, `waiting` and `in_flight` requests. `age_seconds` is the age of the first two.
    """

    id: str
    kind: NodeKind
    url: str
    epoch: int
    hive: str | None = None
    models: tuple[str, ...] = ()
    state: ServingState = "ready"
    health: Health = "healthy"
    metrics: dict[str, float] = {}


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Renews one registration of the same epoch. Omitted fields (null) keep their value."""

    epoch: int
    state: ServingState | None = None
    health: Health | None = None
    models: tuple[str, ...] | None = None
    metrics: dict[str, float] | None = None


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The registry's answer to a registration or a heartbeat. Times in seconds."""

    id: str
    epoch: int
    revision: int
    ttl_seconds: float


class ServiceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One registration in the registry's list. Times are seconds since 1970, ages are seconds."""

    id: str
    kind: NodeKind
    url: str
    epoch: int
    hive: str | None
    models: tuple[str, ...]
    state: ServingState
    health: Health
    metrics: dict[str, float]
    status: EntryStatus
    registered_at: float
    last_heartbeat_at: float
    heartbeat_age_seconds: float


class ServiceList(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of the registry.

    `revision` grows with every change of membership, status, state, health or models, but not with metrics.
    It is valid within one `instance`. A registry that lost its data has a new instance id.
    """

    instance: str
    revision: int
    services: tuple[ServiceEntry, ...]


class WorkerSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worker for a hive to start. `args` follow the backend's own arguments, and `env` overrides its environment."""

    models: tuple[str, ...]
    id: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """A worker in its hive's list. `pid` is null for an attached worker and for a worker without a process."""

    id: str
    url: str
    managed: bool
    state: WorkerState
    models: tuple[str, ...]
    pid: int | None
    port: int
    restarts: int
    in_flight: int
    last_exit: str | None = None


class HubModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model file of a hub with its size and SHA-256 checksum (64 hex digits)."""

    model: str
    size_bytes: int
    sha256: str


class HubModels(msgspec.Struct, frozen=True, kw_only=True):
    """All model files of a hub."""

    models: tuple[HubModel, ...]


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """A model in a hive's catalogue: the progress of its file, and the worker that serves it (null: none).

    After a failure `code` is an error code of the API, and `reason` describes the failure.
    """

    model: str
    size_bytes: int
    sha256: str
    state: ModelState
    bytes_done: int = 0
    path: str | None = None
    code: str | None = None
    reason: str | None = None
    worker: str | None = None
    worker_state: WorkerState | None = None


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """OpenAI's error object."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every non-2xx response: `{"error": {...}}`."""

    error: ErrorDetail
