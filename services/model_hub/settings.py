"""Settings of the model hub: its model files and its rate. Sizes are in bytes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from services.config import CommonSettings

ModelName = Annotated[str, msgspec.Meta(min_length=1, max_length=256, description="a model's name, at most 256 characters")]
Bytes = Annotated[int, msgspec.Meta(ge=1, le=1 << 40, description="a number of bytes, 1 or more")]
Rate = Annotated[int, msgspec.Meta(ge=0, description="bytes a second; 0 means unlimited")]


class OfferSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model file. Its name and the hub's `seed` determine its bytes."""

    name: ModelName
    size_bytes: Bytes = 1 << 20


class ModelHubSettings(CommonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A download takes at least its size divided by `bytes_per_second`."""

    models: tuple[OfferSettings, ...] = ()
    seed: int = 0
    bytes_per_second: Rate = 0
