"""Settings of the registry."""

from __future__ import annotations

from services.config import CommonSettings, PositiveSeconds, Seconds


class RegistrySettings(CommonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lease expires `ttl_seconds` after its last heartbeat. The registry removes an offline entry `removal_seconds` later.

    `ttl_seconds` must be at least three heartbeats. After a mass loss the entries are `unconfirmed` for one more lease before they
    are offline. A mass loss is a silence of more than half of the services at once.
    """

    ttl_seconds: PositiveSeconds = 6.0
    removal_seconds: Seconds = 60.0
    sweep_seconds: PositiveSeconds = 0.25
    database: str = "registry.db"
    max_wait_seconds: Seconds = 30.0
