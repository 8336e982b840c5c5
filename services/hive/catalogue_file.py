"""The catalogue on disk: one row a model in SQLite, each with a checksum of its own, so that a damaged file gives up what is whole."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec

from services import sqlite_file, sqlite_salvage, wire

FILE_NAME = "catalogue.db"
# Small pages: a damaged one takes few models with it.
PAGE_BYTES = 1024
SCHEMA = """
CREATE TABLE IF NOT EXISTS models (
    model TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL, bytes_done INTEGER NOT NULL,
    path TEXT, code TEXT, reason TEXT, is_served INTEGER NOT NULL, revision INTEGER NOT NULL, checksum INTEGER NOT NULL
);
"""
COLUMNS = "model, size_bytes, sha256, state, bytes_done, path, code, reason, is_served, revision"
# A row stays where it is: nothing old of it is left on a page that was given up.
UPSERT = f"""
INSERT INTO models ({COLUMNS}, checksum) VALUES ({", ".join("?" * 11)}) ON CONFLICT (model) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in [*COLUMNS.split(", ")[1:], "checksum"])}
"""
TABLE = ("table", "models", "models")  # how SQLite's own list of tables begins its row on ours


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model as the hive knows it. `is_served`: a worker is wanted for it as soon as its file is there; `revision` grows."""

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
    """Nothing in the file can be told from rubbish."""


def read(path: Path) -> dict[str, Model]:
    """All models in a sound file. Raises sqlite3.Error; a row that is not whole is damage, too (sqlite3.DatabaseError)."""
    with closing(sqlite_file.connect(path)) as connection:
        rows = connection.execute(f"SELECT {COLUMNS}, checksum FROM models").fetchall()
    models = [_model(row) for row in rows]
    if None in models:
        raise sqlite3.DatabaseError(f"{models.count(None)} of {len(rows)} rows do not agree with their checksums")
    return {model.model: model for model in models if model}


def salvage(path: Path) -> dict[str, Model]:
    """The models whose rows are whole, wherever in the damaged file they stand, the newest of each. Raises Unreadable, OSError."""
    found: dict[str, Model] = {}
    is_ours = False
    for row in sqlite_salvage.rows(path.read_bytes(), PAGE_BYTES):
        is_ours = is_ours or row[:3] == TABLE
        model = _model(row)
        if model and model.revision >= found.get(model.model, model).revision:
            found[model.model] = model
    if not found and not is_ours:
        raise Unreadable(f"{path.name}: {path.stat().st_size} bytes, none of which is a row of the catalogue")
    return found


def write(path: Path, models: Iterable[Model]) -> None:
    """Add or replace these models. Raises sqlite3.Error, OSError."""
    with closing(sqlite_file.connect(path)) as connection, sqlite_file.transaction(connection):
        connection.executemany(UPSERT, [_row(model) for model in models])


def write_whole(path: Path, models: Iterable[Model]) -> None:
    """A new file with these models. Raises sqlite3.Error, OSError."""

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
    """The model in a row; None for a row that is not ours or not whole."""
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
