"""Downloads one model file from the hub: resumes an interrupted download and verifies the checksum before use."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from services import logs, wire
from services.hive.hub_client import HubClient, HubError
from services.hive.settings import ProvisioningSettings

log = logging.getLogger("services.hive.download")

# EFBIG is the file size limit (ulimit -f). For the client it is the same as a full disk.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
READ_BYTES = 1 << 20


class DownloadError(Exception):
    """The download failed. `code` is an error code of the API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Download:
    """Downloads `model` to `path`. The data stays in `<path>.part` until it is complete and matches its checksum."""

    def __init__(
        self, hub: HubClient, model: wire.HubModel, path: Path, settings: ProvisioningSettings, progress: Callable[[int], None]
    ) -> None:
        self._hub = hub
        self._model = model
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._settings = settings
        self._progress = progress

    async def run(self) -> None:
        """Return when the file is complete and verified. Raises DownloadError. A full disk leaves no partial file."""
        try:
            await self._bring()
        except OSError as error:
            self._part.unlink(missing_ok=True)
            if error.errno not in NO_ROOM:
                raise DownloadError("model_unavailable", f"{self._path.name} cannot be written: {error.strerror}") from None
            raise no_room(self._model, error.strerror or "no space") from None

    async def _bring(self) -> None:
        failures = mismatches = 0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            before = self._size()
            self._must_have_room(before)
            try:
                await self._fetch(before)
            except HubError as error:
                # An attempt with progress starts the count again, so a large file over a poor network still completes.
                failures = 1 if self._size() > before else failures + 1
                await self._back_off(failures, error)
                continue
            if await asyncio.to_thread(self._is_right):
                self._part.replace(self._path)
                return
            self._part.unlink(missing_ok=True)
            mismatches += 1
            logs.event(log, "checksum_mismatch", level=logging.WARNING, model=self._model.model, times=mismatches)
            if mismatches >= self._settings.attempts:
                text = f"The hub's file did not match its checksum {mismatches} times in a row."
                raise DownloadError("model_unavailable", text)

    async def _fetch(self, have: int) -> None:
        """Append the missing bytes."""
        if have == self._model.size_bytes:
            return
        async with self._hub.file(self._model, have) as (start, pieces):
            logs.event(log, "download_began", model=self._model.model, start=start, size_bytes=self._model.size_bytes)
            # Unbuffered, so that a full disk fails the write itself, and the progress counts no bytes of a buffer.
            with open(self._part, "ab" if start else "wb", buffering=0) as file:
                done = start
                async for piece in pieces:
                    await asyncio.to_thread(_write_all, file, piece)
                    done += len(piece)
                    self._progress(done)
        if done < self._model.size_bytes:
            raise HubError(f"received bytes: {done} of {self._model.size_bytes}")

    async def _back_off(self, failures: int, error: HubError) -> None:
        settings = self._settings
        if failures >= settings.attempts:
            raise DownloadError("model_hub_unavailable", f"The model hub failed {failures} times in a row. Last error: {error}")
        wait_seconds = max(error.retry_after_seconds, min(settings.backoff_seconds * 2 ** (failures - 1), settings.backoff_cap_seconds))
        logs.event(log, "download_interrupted", level=logging.WARNING, model=self._model.model, error=str(error), wait_seconds=wait_seconds)
        await asyncio.sleep(wait_seconds)

    def _must_have_room(self, have: int) -> None:
        free = shutil.disk_usage(self._path.parent).free - self._settings.reserve_bytes
        if free < self._model.size_bytes - have:
            self._part.unlink(missing_ok=True)
            raise no_room(self._model, f"free bytes: {max(free, 0)}")

    def _size(self) -> int:
        """The size of the partial file, or 0 if it is larger than the model."""
        try:
            size = self._part.stat().st_size
        except FileNotFoundError:
            return 0
        return size if size <= self._model.size_bytes else 0

    def _is_right(self) -> bool:
        digest = hashlib.sha256()
        with self._part.open("rb") as file:
            while piece := file.read(READ_BYTES):
                digest.update(piece)
            os.fsync(file.fileno())
        return digest.hexdigest() == self._model.sha256


def no_room(model: wire.HubModel, detail: str) -> DownloadError:
    """507: the disk cannot hold the file."""
    text = f"The disk cannot hold the model '{model.model}' (bytes: {model.size_bytes}): {detail}."
    return DownloadError("insufficient_storage", text)


def _write_all(file: BinaryIO, piece: bytes) -> None:
    """Write the whole piece. A raw file may accept only a part, for example just below its size limit."""
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]
