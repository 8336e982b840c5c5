"""Detects a mass loss: so many services are silent that a network fault at the registry is the likely cause. Pure."""

from __future__ import annotations

from collections.abc import Collection

# With one or two silent services "most" is no evidence for a network fault.
LEAST_SILENT = 3

# A lease lasts three heartbeats. A silence of two of them means that at least one heartbeat is missing.
SILENT_SHARE = 2 / 3


def is_mass_loss(ages: Collection[float], ttl_seconds: float) -> bool:
    """Whether more than half of the services are silent. `ages` are the lease ages of all services that are not offline, in seconds."""
    # Services with one missing heartbeat count as silent before their lease expires. After a partition the leases expire over a whole
    # heartbeat interval, so no single sweep would find more than half of them expired.
    silent = sum(age > SILENT_SHARE * ttl_seconds for age in ages)
    return silent >= LEAST_SILENT and 2 * silent > len(ages)
