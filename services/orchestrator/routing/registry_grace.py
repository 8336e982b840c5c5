"""Registry grace: after the registry restarts without its data, the previous services stay routable for a limited time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from services.wire import ServiceEntry, ServiceList


@dataclass(frozen=True)
class RegistryGrace:
    """The entries of the previous registry instance. Each one stays until it registers again, all of them until `until` at most."""

    entries: Mapping[str, ServiceEntry] = field(default_factory=dict)
    until: float = 0.0

    def remaining(self, snapshot: ServiceList, now: float) -> RegistryGrace:
        """The entries that this snapshot does not list yet."""
        if not self.entries or now >= self.until:
            return RegistryGrace()
        listed = {entry.id for entry in snapshot.services}
        return RegistryGrace({key: entry for key, entry in self.entries.items() if key not in listed}, self.until)

    def added_to(self, snapshot: ServiceList) -> ServiceList:
        """The snapshot with these entries added."""
        if not self.entries:
            return snapshot
        return msgspec.structs.replace(snapshot, services=(*snapshot.services, *self.entries.values()))


def grace_after(known: Mapping[str, ServiceEntry], until: float) -> RegistryGrace:
    """The grace for the services that were not offline at the previous registry instance."""
    kept = {key: msgspec.structs.replace(entry, status="unconfirmed") for key, entry in known.items() if entry.status != "offline"}
    return RegistryGrace(kept, until)
