"""Whether so many fell silent together that the fault is more likely between them and us than theirs. Pure."""

from __future__ import annotations

from collections.abc import Collection

# Of one or two services nobody can say that "most" are gone.
LEAST_SILENT = 3

# A lease is three heartbeats: silent for two of them means that at least one did not come.
SILENT_SHARE = 2 / 3


def is_mass_loss(ages: Collection[float], ttl_seconds: float) -> bool:
    """Whether more than half are silent, by the ages of the leases of all who are not offline, in seconds.

    Counts also who has missed one heartbeat and still holds a lease: leases that are cut off at one moment run out over a whole heartbeat,
    so no single sweep would find more than half of them.
    """
    silent = sum(age > SILENT_SHARE * ttl_seconds for age in ages)
    return silent >= LEAST_SILENT and 2 * silent > len(ages)
