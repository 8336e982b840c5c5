"""The injected faults of the hub. They are in memory only, and a restart removes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from services.model_hub.settings import Rate

Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of the injected faults. Omitted fields keep their value.

    `is_down`: every call gets 503, except those of the admin API. The next `corrupt` downloads have a wrong byte.
    The next `cuts` downloads break off after `cut_after_bytes` bytes each. Another `edition` has other bytes in each file.
    """

    is_down: bool | None = None
    bytes_per_second: Rate | None = None
    corrupt: Count | None = None
    cuts: Count | None = None
    edition: Count | None = None
    cut_after_bytes: Annotated[int, msgspec.Meta(ge=0)] | None = None


@dataclass
class InjectedFaults:
    """The faults that are active now."""

    bytes_per_second: int
    is_down: bool = False
    corrupt: int = 0
    cuts: int = 0
    cut_after_bytes: int = 0
    edition: int = 0

    def apply(self, change: Change) -> None:
        """Take over the fields that the change sets."""
        for name, value in msgspec.structs.asdict(change).items():
            if value is not None:
                setattr(self, name, value)

    def take_corruption(self) -> bool:
        """Whether this download gets a wrong byte. Uses up one of `corrupt`."""
        # Taken at the start of a download, so a retry after the last ordered fault succeeds.
        self.corrupt -= (is_corrupted := self.corrupt > 0)
        return is_corrupted

    def take_cut(self) -> int | None:
        """The number of bytes after which this download breaks off, or None. Uses up one of `cuts`."""
        self.cuts -= (is_cut := self.cuts > 0)
        return self.cut_after_bytes if is_cut else None
