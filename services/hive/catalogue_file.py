"""The catalogue on disk: one SQLite row per model. Each row has its own checksum, so intact rows of a damaged file are usable."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec

from services import sqlite_file, sqlite_salvage, wire

FILE_NAME = "catalogue.db"
# Small pages, so that one damaged page loses few models.
PAGE_BYTES = 1024
SCHEMA = """
CREATE TABLE IF NOT EXISTS models (
    model TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL, bytes_done INTEGER NOT NULL,
    path TEXT, code TEXT, reason TEXT, is_served INTEGER NOT NULL, revision INTEGER NOT NULL, checksum INTEGER NOT NULL
);
"""
COLUMNS = "model, size_bytes, sha256, state, bytes_done, path, code, reason, is_served, revision"
# An upsert keeps a row in its place. REPLACE would leave an outdated copy on a freed page, and `salvage` would read it.
UPSERT = f"""
INSERT INTO models ({COLUMNS}, checksum) VALUES ({", ".join("?" * 11)}) ON CONFLICT (model) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in [*COLUMNS.split(", ")[1:], "checksum"])}
"""
TABLE = ("table", "models", "models")  # the first columns of this table's row in sqlite_schema


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the catalogue. `is_served`: a worker starts for it once its file is ready. `revision` grows with each change."""

    model: str
    size_bytes: int
    sha256: str
    state: wire.ModelState = "absent"
    bytes_done: int = 0
    path: str | None = None
    code: str | None = None
    reason: str | None = None
    is_served: bool = False
    revision: int = 0


class Unreadable(Exception):
    """The file contains no recognisable row."""


def read(path: Path) -> dict[str, Model]:
    """All models in an intact file. Raises sqlite3.Error, and sqlite3.DatabaseError for a row with a wrong checksum."""
    with closing(sqlite_file.connect(path)) as connection:
        rows = connection.execute(f"SELECT {COLUMNS}, checksum FROM models").fetchall()
    models = [_model(row) for row in rows]
    if None in models:
        raise sqlite3.DatabaseError(f"rows with a wrong checksum: {models.count(None)} of {len(rows)}")
    return {model.model: model for model in models if model}


def salvage(path: Path) -> dict[str, Model]:
    """The models of all intact rows in a damaged file, the newest row of each. Raises Unreadable, OSError."""
    found: dict[str, Model] = {}
    is_ours = False
    for row in sqlite_salvage.rows(path.read_bytes(), PAGE_BYTES):
        is_ours = is_ours or row[:3] == TABLE
        model = _model(row)
        if model and model.revision >= found.get(model.model, model).revision:
            found[model.model] = model
    if not found and not is_ours:
        raise Unreadable(f"{path.name} contains no row of the catalogue (bytes: {path.stat().st_size})")
    return found


def write(path: Path, models: Iterable[Model]) -> None:
    """Add or replace these models. Raises sqlite3.Error, OSError."""
    with closing(sqlite_file.connect(path)) as connection, sqlite_file.transaction(connection):
        connection.executemany(UPSERT, [_row(model) for model in models])


def write_whole(path: Path, models: Iterable[Model]) -> None:
    """Write a new file with these models. Raises sqlite3.Error, OSError."""

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.executescript(SCHEMA)
        connection.execute("BEGIN")
        connection.executemany(UPSERT, [_row(model) for model in models])
        connection.execute("COMMIT")

    sqlite_file.write_whole(path, fill)


def _row(model: Model) -> tuple[sqlite_salvage.Value, ...]:
    values = msgspec.structs.astuple(model)
    return (*values[:8], int(model.is_served), model.revision, _checksum(model))


def _model(row: tuple[object, ...]) -> Model | None:
    """The model in a row, or None for a foreign or damaged row."""
    fields = COLUMNS.split(", ")
    if len(row) != len(fields) + 1:
        return None
    values = dict(zip(fields, row, strict=False))
    try:
        model = msgspec.convert(values | {"is_served": values["is_served"] == 1}, Model)
    except msgspec.ValidationError:
        return None
    return model if _checksum(model) == row[-1] else None


def _checksum(model: Model) -> int:
    return zlib.crc32(msgspec.json.encode(msgspec.structs.astuple(model)))
