"""What the hub was told to do wrong. In memory only: a restart forgets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from services.model_hub.settings import Rate

Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do from now on; what is left out stays as it is.

    `is_down`: every call but those of the admin API gets 503. The next `corrupt` downloads have a wrong byte; the next `cuts` break off
    after `cut_after_bytes` of their own.
    """

    is_down: bool | None = None
    bytes_per_second: Rate | None = None
    corrupt: Count | None = None
    cuts: Count | None = None
    cut_after_bytes: Annotated[int, msgspec.Meta(ge=0)] | None = None


@dataclass
class InjectedFaults:
    """The orders in force."""

    bytes_per_second: int
    is_down: bool = False
    corrupt: int = 0
    cuts: int = 0
    cut_after_bytes: int = 0

    def apply(self, change: Change) -> None:
        """Take over what the change names."""
        for name, value in msgspec.structs.asdict(change).items():
            if value is not None:
                setattr(self, name, value)

    def take_corruption(self) -> bool:
        """Whether this download is to be wrong; counts it."""
        self.corrupt -= (is_wrong := self.corrupt > 0)
        return is_wrong

    def take_cut(self) -> int | None:
        """After how many bytes this download is to break off; None: never. Counts it."""
        self.cuts -= (is_cut := self.cuts > 0)
        return self.cut_after_bytes if is_cut else None
