"""The models of a hive and the progress of their files. Reads come from memory, and the catalogue file survives a restart.

At the start the hive salvages the intact rows of a damaged catalogue file. While it runs, it rewrites a damaged file from memory.
An unreadable file stays in place for an operator. The hive then works from memory and reports `degraded`.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from services import logs, sqlite_file
from services.hive import catalogue_file
from services.hive.catalogue_file import Model, Unreadable

log = logging.getLogger("services.hive.catalogue")


class Catalogue:
    """`error`: why the catalogue is not stored at the moment. `moved_aside`: the path of the last damaged file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: str | None = "not read yet"
        self.moved_aside: str | None = None
        self._models: dict[str, Model] = {}
        self._unwritten: set[str] = set()
        self._revision = 0
        self._is_memory_only = False
        self._is_read = False  # Nothing is written before the file is read, so a lock at the start loses no row.

    def __iter__(self) -> Iterator[Model]:
        return iter([self._models[name] for name in sorted(self._models)])

    def find(self, model: str) -> Model | None:
        return self._models.get(model)

    def open(self) -> None:
        """Read the file or its intact rows. Never raises for a damaged file. `inspect` reads a locked file later."""
        try:
            if self.path.exists():
                self._models = self._read() | self._models
            else:
                catalogue_file.write_whole(self.path, self._models.values())
            self._is_read = True
            self._settle(None)
        except Unreadable as error:
            self._is_memory_only = True
            self._settle(f"unreadable as a whole, working from memory: {error}")
        except (sqlite3.Error, OSError) as error:
            self._settle(str(error))
        self._revision = max((model.revision for model in self._models.values()), default=0)

    def put(self, model: Model, **changes: Any) -> Model:
        """Keep a model with these changes. Stores it now, or as soon as the file is writable again."""
        self._revision += 1
        kept = msgspec.structs.replace(model, **changes, revision=self._revision)
        self._models[kept.model] = kept
        self._unwritten.add(kept.model)
        self.store()
        return kept

    def set_progress(self, model: str, bytes_done: int) -> None:
        """Update the progress of a download in memory only."""
        # After a restart the size of the partial file gives the progress.
        self._models[model] = msgspec.structs.replace(self._models[model], bytes_done=bytes_done)

    def store(self) -> None:
        """Write the changes that are not stored yet. Never raises, and replaces a damaged file."""
        if self._is_memory_only or not self._is_read or not self._unwritten:
            return None
        try:
            if damage := sqlite_file.damage(self.path):
                return self._replace(damage)
            catalogue_file.write(self.path, [self._models[name] for name in self._unwritten])
            self._written()
        except sqlite3.OperationalError as error:
            self._settle(str(error))
        except sqlite3.DatabaseError as error:
            self._replace(str(error))
        except OSError as error:
            self._settle(str(error))

    def inspect(self) -> None:
        """Check the file. Moves a damaged one aside and writes a new one from memory."""
        if self._is_memory_only:
            return
        if not self._is_read:
            self.open()
        try:
            if self._is_read and (damage := sqlite_file.damage(self.path)):
                self._replace(damage)
        except (sqlite3.Error, OSError) as error:
            self._settle(str(error))
        self.store()

    def health(self) -> dict[str, Any]:
        """The catalogue's part of `/health`."""
        status = "degraded" if self.error else "healthy"
        return {"status": status, "models": len(self._models), "error": self.error, "moved_aside": self.moved_aside}

    def _read(self) -> dict[str, Model]:
        try:
            damage = sqlite_file.damage(self.path)
            if damage is None:
                return catalogue_file.read(self.path)
        except sqlite3.OperationalError as error:
            # "no such table" in an intact file: it is no catalogue, or its schema page is lost.
            if "no such table" not in str(error):
                raise
            damage = str(error)
        except sqlite3.DatabaseError as error:
            damage = str(error)
        return self._rebuild(damage)

    def _rebuild(self, damage: str) -> dict[str, Model]:
        logs.event(log, "catalogue_damaged", level=logging.ERROR, path=str(self.path), reason=damage)
        found = catalogue_file.salvage(self.path)
        self._renew(damage, found.values())
        logs.event(log, "catalogue_rebuilt", level=logging.WARNING, models=len(found), moved_to=self.moved_aside)
        return found

    def _replace(self, damage: str) -> None:
        """Replace the damaged file with the models in memory."""
        try:
            self._renew(damage, self._models.values())
            self._written()
            logs.event(log, "catalogue_rebuilt", level=logging.WARNING, models=len(self._models), moved_to=self.moved_aside)
        except (sqlite3.Error, OSError) as error:
            self._settle(str(error))

    def _renew(self, damage: str, models: Iterable[Model]) -> None:
        if self.path.exists():
            self.moved_aside = str(sqlite_file.move_aside(self.path, damage))
        catalogue_file.write_whole(self.path, models)

    def _written(self) -> None:
        self._unwritten.clear()
        self._settle(None)

    def _settle(self, error: str | None) -> None:
        if error != self.error:
            what, level = ("catalogue_failed", logging.WARNING) if error else ("catalogue_stored", logging.INFO)
            logs.event(log, what, level=level, path=str(self.path), error=error)
        self.error = error
