"""What outlives a registry that came back without its data: it knows nobody yet, but everybody still runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from services.wire import ServiceEntry, ServiceList


@dataclass(frozen=True)
class RegistryGrace:
    """Entries of the registry's last instance, each unconfirmed until it registers again, all of them until `until` at the latest."""

    entries: Mapping[str, ServiceEntry] = field(default_factory=dict)
    until: float = 0.0

    def after(self, snapshot: ServiceList, now: float) -> RegistryGrace:
        """What is left to carry once this snapshot is known."""
        if not self.entries or now >= self.until:
            return RegistryGrace()
        listed = {entry.id for entry in snapshot.services}
        return RegistryGrace({key: entry for key, entry in self.entries.items() if key not in listed}, self.until)

    def laid_under(self, snapshot: ServiceList) -> ServiceList:
        """The snapshot with the carried entries added."""
        if not self.entries:
            return snapshot
        return msgspec.structs.replace(snapshot, services=(*snapshot.services, *self.entries.values()))


def begun(known: Mapping[str, ServiceEntry], until: float) -> RegistryGrace:
    """Everybody who was not offline when the registry's last instance was heard of."""
    kept = {key: msgspec.structs.replace(entry, status="unconfirmed") for key, entry in known.items() if entry.status != "offline"}
    return RegistryGrace(kept, until)
