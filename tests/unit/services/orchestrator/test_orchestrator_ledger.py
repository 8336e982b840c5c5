"""The ledger has one row per request through kills, locks and damage. Queries add up rows, and maintenance deletes old ones."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.orchestrator.usage.ledger import CACHE_KIB, FILE_NAME, NANOSECONDS, PAGE_BYTES, Ledger, Row
from services.orchestrator.usage.ledger_maintenance import LedgerMaintenance, Retention, checkpoint, oldest_to_keep
from services.orchestrator.usage.ledger_queries import Scope, requests, totals

EVER = Scope(0.0, 2.0**33)
WAL_FRAME_HEADER_BYTES = 24  # https://www.sqlite.org/walformat.html, section 4
KILLED_IN_THE_MIDDLE = """
import os, sys
from pathlib import Path
from services.orchestrator.usage.ledger import Ledger, Row
ledger = Ledger(Path(sys.argv[1]))
ledger.start()
for number in range(100):
    row = Row(ledger.next_id(), f"r{number}", "key", None, "model", "/v1", worker="w", attempts=1)
    ledger.write(row)
    if number % 2:
        row.outcome, row.status, row.completion_tokens = "ok", 200, 3
    else:
        row.completion_tokens = 2
    ledger.write(row)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def opened(path: Path, **options: Any) -> Ledger:
    ledger = Ledger(path, **options)
    ledger.start()
    return ledger


def row(ledger: Ledger, **changes: Any) -> Row:
    """An answered request with 5 prompt tokens and 3 completion tokens."""
    plain = {"worker": "w1", "attempts": 1, "prompt_tokens": 5, "completion_tokens": 3, "estimated": False, "status": 200, "outcome": "ok"}
    where = {"request_id": "r", "key": "alice", "tenant": "acme", "model": "model-a", "path": "/v1/chat/completions"}
    return Row(ledger.next_id(), **(where | plain | changes))


def outcomes(path: Path) -> list[Any]:
    return [line["outcome"] for line in requests(path, EVER, 0, 1000)]


def test_row_is_replaced(path: Path) -> None:
    """A row that is written twice is one row."""
    ledger = opened(path)
    one = row(ledger, outcome=None, completion_tokens=0)
    ledger.write(one)
    one.outcome, one.completion_tokens = "ok", 7
    ledger.write(one)
    found = requests(path, EVER, 0, 10)
    assert [(line["outcome"], line["completion_tokens"], line["at"]) for line in found] == [("ok", 7, one.id / NANOSECONDS)]


def test_ids_grow(path: Path) -> None:
    """Ids grow even if the clock does not."""
    ledger = Ledger(path)
    ids = [ledger.next_id() for _ in range(1000)]
    assert ids == sorted(set(ids))


def test_kill_settles_as_interrupted(path: Path) -> None:
    """The next start settles the open rows of a killed process as interrupted."""
    done = subprocess.run([sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(path)], check=False)
    assert done.returncode == -9
    opened(path)
    assert outcomes(path) == ["interrupted", "ok"] * 50
    (line,) = totals(path, EVER, [])
    assert (line["requests"], line["estimated"], line["completion_tokens"]) == (100, 100, 250)


def test_restart_keeps_rows(path: Path) -> None:
    """A restart keeps settled rows and the open rows of its own process."""
    first = opened(path)
    first.write(row(first))
    second = opened(path)
    second.write(row(second, outcome=None))
    second.start()
    assert outcomes(path) == ["ok", None]


def test_locked_file(path: Path) -> None:
    """While the file is locked, rows wait in memory with their last state."""
    ledger = opened(path)
    one = row(ledger, outcome=None)
    ledger.write(one)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        one.outcome = "ok"
        for changed in (one, row(ledger), row(ledger)):
            ledger.write(changed)
        ledger.flush()
        assert (ledger.error, len(ledger.unwritten)) == ("database is locked", 3)
        other.execute("ROLLBACK")
    ledger.flush()
    assert (ledger.error, ledger.unwritten, outcomes(path)) == (None, {}, ["ok"] * 3)


def test_lock_at_start(path: Path) -> None:
    """Interrupted rows settle after a lock at the start ends."""
    first = opened(path)
    first.write(row(first, outcome=None))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        second = opened(path)
        second.write(row(second))
        assert second.error == "database is locked"
        other.execute("ROLLBACK")
    second.flush()
    assert outcomes(path) == ["interrupted", "ok"]


def test_unopenable_file(tmp_path: Path) -> None:
    """Rows wait in memory until the file can be opened."""
    (tmp_path / "data").write_text("a file where the folder should be")
    ledger = opened(tmp_path / "data" / FILE_NAME)
    ledger.write(row(ledger))
    assert ledger.error
    (tmp_path / "data").unlink()
    ledger.flush()
    assert (ledger.error, outcomes(tmp_path / "data" / FILE_NAME)) == (None, ["ok"])


def test_full(tmp_path: Path) -> None:
    """Too many waiting rows make the ledger full."""
    ledger = Ledger(tmp_path, max_unwritten=2)  # A folder is not a database file.
    ledger.start()
    fullness = []
    for _ in range(3):
        fullness.append(ledger.is_full)
        ledger.write(row(ledger))
    assert fullness == [False, False, True]


def test_damaged_file(path: Path) -> None:
    """A damaged file is moved aside, and a new file is created."""
    path.write_bytes(b"no database" * 1000)
    ledger = opened(path)
    ledger.write(row(ledger))
    assert (ledger.error, outcomes(path)) == (None, ["ok"])
    assert [file.read_bytes()[:11] for file in path.parent.glob("*.damaged-*")] == [b"no database"]


def test_damage_while_running(path: Path) -> None:
    """Damage of a running ledger loses no waiting row."""
    ledger = opened(path)
    for _ in range(200):
        ledger.write(row(ledger))
    ledger.checkpoint()
    ledger.close()
    content = bytearray(path.read_bytes())
    content[1024:] = b"\xff" * (len(content) - 1024)
    path.write_bytes(content)
    ledger.flush()
    late = row(ledger, request_id="late")
    ledger.write(late)
    ledger.flush()
    ledger.flush()
    assert ledger.error is None
    assert [line["request_id"] for line in requests(path, EVER, 0, 10)] == ["late"]
    assert list(path.parent.glob("*.damaged-*"))


def test_totals_by_group(path: Path) -> None:
    """Totals add up per group and exclude running requests."""
    ledger = opened(path)
    groups = [("w1", "model-a", "alice"), ("w1", "model-b", "bob"), ("w2", "model-a", "alice")]
    for worker, model, key in groups:
        ledger.write(row(ledger, worker=worker, model=model, key=key, estimated=worker == "w2", cached_tokens=1))
    ledger.write(row(ledger, outcome=None))
    one = {"requests": 1, "estimated": 0, "prompt_tokens": 5, "completion_tokens": 3, "cached_tokens": 1, "total_tokens": 8}
    two = {"requests": 2, "estimated": 0, "prompt_tokens": 10, "completion_tokens": 6, "cached_tokens": 2, "total_tokens": 16}
    assert totals(path, EVER, ["worker"]) == [{"worker": "w1"} | two, {"worker": "w2"} | one | {"estimated": 1}]
    assert totals(path, EVER, ["model"]) == [{"model": "model-a"} | two | {"estimated": 1}, {"model": "model-b"} | one]
    assert [(line["key"], line["worker"]) for line in totals(path, EVER, ["key", "worker"])] == [
        ("alice", "w1"),
        ("alice", "w2"),
        ("bob", "w1"),
    ]
    assert totals(path, Scope(0.0, 1.0), []) == [dict.fromkeys(one, 0)]


def test_time_range(path: Path) -> None:
    """A range includes its start and excludes its end."""
    ledger = opened(path)
    for second in (10, 20, 30):
        ledger.write(row(ledger, request_id=str(second)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE usage SET id = request_id * 1000000000")
    assert [line["request_id"] for line in requests(path, Scope(10.0, 30.0), 0, 10)] == ["10", "20"]
    assert [line["request_id"] for line in requests(path, EVER, 10_000_000_000, 1)] == ["20"]


def test_scopes(path: Path) -> None:
    """A scope contains the requests of its tenant, or of its key without a tenant."""
    ledger = opened(path)
    for key, tenant in [("alice", "acme"), ("bob", "acme"), ("alice", "globex"), ("alice", None), ("carol", None)]:
        ledger.write(row(ledger, key=key, tenant=tenant))
    scopes = [Scope(0.0, 2.0**33, tenant="acme"), Scope(0.0, 2.0**33, tenant="globex"), Scope(0.0, 2.0**33, key="alice")]
    assert [totals(path, scope, [])[0]["requests"] for scope in scopes] == [2, 1, 1]


async def test_retention(path: Path) -> None:
    """Pruning deletes old settled rows and keeps running requests."""
    ledger = opened(path)
    ledger.write(row(ledger, outcome=None))
    rows = [row(ledger) for _ in range(600)]
    for one in rows:
        ledger.write(one)
    await LedgerMaintenance(ledger, Retention(3600.0, 100)).prune()
    kept = requests(path, EVER, 0, 1000)
    assert [line["id"] for line in kept[1:]] == [one.id for one in rows[-100:]]
    assert kept[0]["outcome"] is None
    await LedgerMaintenance(ledger, Retention(0.0, 100)).prune()
    assert outcomes(path) == [None]


async def test_maintenance_stop_waits(path: Path) -> None:
    """After `stop`, no maintenance thread uses the files."""
    maintenance = LedgerMaintenance(opened(path), Retention(3600.0, 100))
    maintenance.start()
    may_end, ended = threading.Event(), threading.Event()
    working = asyncio.create_task(maintenance.beside(lambda: may_end.wait(10.0) and ended.set()))
    await asyncio.sleep(0)
    working.cancel()  # As the drain does.
    stopping = asyncio.create_task(maintenance.stop())
    assert not (await asyncio.wait([stopping], timeout=0.1))[0]
    may_end.set()
    await stopping
    assert ended.is_set()


def test_checkpoint(path: Path) -> None:
    """A checkpoint beside the writer restarts the WAL."""
    ledger = opened(path)
    for _ in range(300):
        ledger.write(row(ledger))
    assert checkpoint(path) > 300
    ledger.write(row(ledger))
    assert checkpoint(path) < 10


def test_missing_file(path: Path) -> None:
    """Maintenance of a missing file does nothing."""
    assert checkpoint(path / "nowhere") == 0
    assert oldest_to_keep(path / "nowhere", Retention(1.0, 1), 5_000_000_000) == 4_000_000_000


def test_write_survives_kill(path: Path, tmp_path: Path) -> None:
    """A written row is on disk without any action of the process."""
    ledger = opened(path)
    ledger.write(row(ledger))
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in path.parent.glob(f"{FILE_NAME}*"):
        shutil.copy(file, copy / file.name)
    assert outcomes(copy / FILE_NAME) == ["ok"]


def test_page_cache_is_bounded(path: Path) -> None:
    """The ledger's cache holds at most CACHE_KIB of changed pages. SQLite moves the others to the WAL before the commit."""
    ledger = opened(path)
    assert ledger._connection is not None
    wal = path.with_name(f"{FILE_NAME}-wal")
    before = wal.stat().st_size
    ledger._connection.execute("BEGIN IMMEDIATE")
    for _ in range(4 * CACHE_KIB):
        ledger.write(row(ledger, request_id="r" * PAGE_BYTES))  # A row is longer than a page.
    (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
    moved = (wal.stat().st_size - before) // (PAGE_BYTES + WAL_FRAME_HEADER_BYTES)
    ledger._connection.execute("ROLLBACK")
    assert pages * PAGE_BYTES > 4 * CACHE_KIB * 1024
    assert (pages - moved) * PAGE_BYTES <= CACHE_KIB * 1024
