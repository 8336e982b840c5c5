"""The running hub: its files, its injected faults and its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from prometheus_client import Counter

from services import wire
from services.api_errors import ApiError
from services.model_hub.content import Content
from services.model_hub.injected_faults import Change, InjectedFaults
from services.model_hub.journal import Journal
from services.model_hub.settings import ModelHubSettings
from services.service import ServiceContext


class ModelHub:
    """Implements `ServiceHooks` for the model hub."""

    def __init__(self, context: ServiceContext, settings: ModelHubSettings, journal: Journal) -> None:
        self.context = context
        self.settings = settings
        self.journal = journal
        self.injected_faults = InjectedFaults(settings.bytes_per_second)
        self.contents = self._edition(0)
        self.bytes_sent = Counter("model_hub_sent_bytes", "Bytes of model files sent.", registry=context.metrics)
        self.downloads = Counter("model_hub_downloads", "Downloads by how they ended.", ["outcome"], registry=context.metrics)
        self._has_checksums = False

    def health(self) -> Mapping[str, Any]:
        return {"status": "unhealthy" if self.injected_faults.is_down else "healthy", "models": len(self.contents)}

    def not_ready_reason(self) -> str | None:
        if self.injected_faults.is_down:
            return "an injected fault makes the hub unavailable"
        return None if self._has_checksums else "the hub is computing its checksums"

    def info(self) -> Mapping[str, Any]:
        return {"models": sorted(self.contents)}

    async def start(self) -> None:
        await _compute_checksums(self.contents)
        self._has_checksums = True

    async def drain(self) -> None:
        """Returns at once, because clients resume an interrupted download."""

    async def inject(self, change: Change) -> None:
        """Apply the change. Files of another edition replace those of the present one, and a running download ends as it began."""
        edition = self.injected_faults.edition
        self.injected_faults.apply(change)
        await self._replace_files(edition)

    async def reset(self) -> None:
        """Remove all injected faults."""
        edition = self.injected_faults.edition
        self.injected_faults = InjectedFaults(self.settings.bytes_per_second)
        await self._replace_files(edition)

    def must_be_up(self) -> None:
        """Raise ApiError 503 while the hub is not ready."""
        if reason := self.not_ready_reason():
            raise ApiError("not_ready", f"The hub is not ready: {reason}.", headers={wire.RETRY_AFTER: "1"})

    def find(self, model: str) -> Content:
        """Raises ApiError 404."""
        if model not in self.contents:
            # At most 256 characters, the longest accepted name. A longer one would only fill the log.
            raise ApiError("model_not_found", f"The hub has no model '{model[:256]}'.", param="model")
        return self.contents[model]

    async def _replace_files(self, former: int) -> None:
        if (edition := self.injected_faults.edition) != former:
            contents = self._edition(edition)
            await _compute_checksums(contents)
            self.contents = contents

    def _edition(self, number: int) -> dict[str, Content]:
        return {offer.name: Content(offer.name, offer.size_bytes, self.settings.seed + number) for offer in self.settings.models}


async def _compute_checksums(contents: Mapping[str, Content]) -> None:
    # In a thread: a checksum takes about 10 ms per MiB, and /health must answer meanwhile.
    for content in contents.values():
        await asyncio.to_thread(getattr, content, "sha256")
