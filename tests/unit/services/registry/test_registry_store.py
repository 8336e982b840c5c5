"""The database: what comes back, and what happens when it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import wire
from services.registry.store import REVISION_GAP, Writer, load
from services.registry.table import Entry


def entry(identifier: str) -> Entry:
    registration = wire.Registration(id=identifier, kind="worker", url="http://a:1", epoch=1)
    return Entry(registration=registration, status="online", registered_at=1.0, heartbeat_at=2.0, leased_at=3.0)


def write(path: Path, instance: str, changed: dict[str, Entry | None], revision: int) -> Writer:
    writer = Writer(path, instance)
    writer.start()
    writer.put(changed, revision)
    writer.stop(5)
    return writer


def test_queued_changes_stored(tmp_path: Path) -> None:
    """Changes that are queued before the stop are read back."""
    path = tmp_path / "deep" / "registry.db"
    begun = load(path)
    write(path, begun.instance, {"w1": entry("w1"), "w2": entry("w2")}, 7)
    write(path, begun.instance, {"w1": None}, 8)
    again = load(path)
    assert again.entries == (entry("w2"),)
    assert (again.instance, again.revision) == (begun.instance, 8 + REVISION_GAP)


@pytest.mark.parametrize("content", [b"not a database at all" * 200, b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_database_moved_aside(tmp_path: Path, content: bytes) -> None:
    """A damaged database is moved aside, and a new instance begins."""
    path = tmp_path / "registry.db"
    path.write_bytes(content)
    begun = load(path)
    assert begun.entries == ()
    assert [moved.read_bytes() for moved in tmp_path.glob("registry.db.damaged-*")] == [content]
    assert load(path).instance == begun.instance


def test_damage_in_the_middle(tmp_path: Path) -> None:
    """A database with damaged pages is not used."""
    path = tmp_path / "registry.db"
    before = load(path)
    write(path, before.instance, {f"w{number}": entry(f"w{number}") for number in range(500)}, 500)
    pages = bytearray(path.read_bytes())
    pages[4096:] = b"\x5a" * (len(pages) - 4096)
    path.write_bytes(pages)
    assert load(path).instance != before.instance


def test_unopenable_database(tmp_path: Path) -> None:
    """A database that cannot be opened gives an empty registry."""
    (tmp_path / "file").write_text("in the way")
    assert load(tmp_path / "file" / "registry.db").entries == ()


def test_failed_write_kept(tmp_path: Path) -> None:
    """A failed write is reported and stays queued."""
    path = tmp_path / "registry.db"
    path.mkdir()  # nothing can be opened here
    writer = Writer(path, "instance")
    writer.start()
    writer.put({"w1": entry("w1")}, 1)
    writer.stop(5)
    assert writer.error
    path.rmdir()
    later = Writer(path, "instance")
    later._pending = writer._pending
    later.start()
    later.stop(5)
    assert later.error is None
    assert load(path).entries == (entry("w1"),)


def test_other_instance_removed(tmp_path: Path) -> None:
    """Entries of an instance that was unreadable at the start are removed."""
    path = tmp_path / "registry.db"
    write(path, load(path).instance, {"w1": entry("w1")}, 1)
    write(path, "another", {"w2": entry("w2")}, 1)
    assert load(path).entries == (entry("w2"),)
