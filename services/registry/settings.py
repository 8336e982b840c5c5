"""Settings of the registry."""

from __future__ import annotations

from services.config import CommonSettings, PositiveSeconds, Seconds


class RegistrySettings(CommonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lease lives `ttl_seconds` after its last heartbeat; an offline entry is forgotten `removal_seconds` later.

    `ttl_seconds` is at least three heartbeats. When more than half of the services fall silent at once, they are `unconfirmed` for one
    more lease before they are offline.
    """

    ttl_seconds: PositiveSeconds = 6.0
    removal_seconds: Seconds = 60.0
    sweep_seconds: PositiveSeconds = 0.25
    database: str = "registry.db"
    max_wait_seconds: Seconds = 30.0
