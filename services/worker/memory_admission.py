"""Admits an answer only if the simulated accelerator and the process have memory for it, and reserves that memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from services import wire
from services.api_errors import ApiError
from services.worker.settings import WorkerSettings

KIB_PER_MIB = 1024
BYTES_PER_KIB = 1024


class MemoryAdmission:
    """`taken_kib`: the accelerator memory of the answers in progress."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._process = psutil.Process()
        self.taken_kib = 0

    @contextmanager
    def reserved(self, tokens: int) -> Iterator[None]:
        """Reserve memory for these tokens until the answer ends. Raises ApiError 507 or 503 if there is none."""
        self._must_fit_memory(tokens)
        needed = self._must_fit_accelerator(tokens)
        self.taken_kib += needed
        try:
            yield
        finally:
            self.taken_kib -= needed

    def _must_fit_accelerator(self, tokens: int) -> int:
        """The KiB that the answer takes, or 0 without an accelerator."""
        total = self._settings.accelerator_mib * KIB_PER_MIB
        needed = tokens * self._settings.accelerator_kib_per_token if total else 0
        if needed > total - self.taken_kib:
            free = f"free: {(total - self.taken_kib) / KIB_PER_MIB:.1f} of {self._settings.accelerator_mib} MiB"
            raise ApiError("insufficient_storage", f"The accelerator memory is full (needed: {needed / KIB_PER_MIB:.1f} MiB, {free}).")
        return needed

    def _must_fit_memory(self, tokens: int) -> None:
        limit = self._settings.memory_mib * KIB_PER_MIB
        if not limit:
            return
        # Measured at each request, because the fault `allocate` takes memory that no reservation counts.
        used = self._process.memory_info().rss // BYTES_PER_KIB
        needed = tokens * self._settings.memory_kib_per_token
        if used + needed > limit:
            taken = f"used: {used / KIB_PER_MIB:.1f} of {limit // KIB_PER_MIB} MiB"
            text = f"Not enough memory (needed: {needed / KIB_PER_MIB:.1f} MiB, {taken})."
            raise ApiError("not_enough_memory", text, headers={wire.RETRY_AFTER: "1"})
