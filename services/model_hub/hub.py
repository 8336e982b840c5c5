"""The hub at work: its files, its orders and its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from prometheus_client import Counter

from services import wire
from services.api_errors import ApiError
from services.model_hub.content import Content
from services.model_hub.injected_faults import InjectedFaults
from services.model_hub.journal import Journal
from services.model_hub.settings import ModelHubSettings
from services.service import ServiceContext


class ModelHub:
    """The duties of the service `model_hub`."""

    def __init__(self, frame: ServiceContext, settings: ModelHubSettings, journal: Journal) -> None:
        self.frame = frame
        self.settings = settings
        self.journal = journal
        self.orders = InjectedFaults(settings.bytes_per_second)
        self.contents = {offer.name: Content(offer.name, offer.size_bytes, settings.seed) for offer in settings.models}
        self.bytes_sent = Counter("model_hub_sent_bytes", "Bytes of model files put out.", registry=frame.metrics)
        self.downloads = Counter("model_hub_downloads", "Downloads by how they ended.", ["outcome"], registry=frame.metrics)
        self._is_summed = False

    def health(self) -> Mapping[str, Any]:
        return {"status": "unhealthy" if self.orders.is_down else "healthy", "models": len(self.contents)}

    def not_ready_reason(self) -> str | None:
        return "told to be down" if self.orders.is_down else None if self._is_summed else "checksums are being made"

    def info(self) -> Mapping[str, Any]:
        return {"models": sorted(self.contents)}

    async def start(self) -> None:
        for content in self.contents.values():
            await asyncio.to_thread(getattr, content, "sha256")
        self._is_summed = True

    async def drain(self) -> None:
        """Nothing to finish: whoever downloads goes on elsewhere, or later, where it stopped."""

    def reset(self) -> None:
        """Every order is forgotten."""
        self.orders = InjectedFaults(self.settings.bytes_per_second)

    def must_be_up(self) -> None:
        """Raise ApiError 503 while the hub is told to be down."""
        if reason := self.not_ready_reason():
            raise ApiError("not_ready", f"The hub serves nothing at the moment: {reason}.", headers={wire.RETRY_AFTER: "1"})

    def find(self, model: str) -> Content:
        """Raises ApiError 404."""
        if model not in self.contents:
            raise ApiError("model_not_found", f"The hub has no model '{model[:256]}'.", param="model")
        return self.contents[model]
