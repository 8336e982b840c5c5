"""Another SQLite file takes a database's name, and the journals are removed: the wrong backup is restored under a running service.

Arguments: PLACE... The database is the first place that exists.
"""

from __future__ import annotations

import os
import sqlite3
import sys

MARK = "foreign_table"  # stays in the file or in its write-ahead log, whatever the service writes to the file
JOURNALS = ("-wal", "-shm")


def replace(path: str) -> None:
    """Put the other file in place."""
    connection = sqlite3.connect(path + ".other", isolation_level=None)
    connection.execute(f"CREATE TABLE {MARK} (id TEXT PRIMARY KEY)")
    connection.close()
    for ending in JOURNALS:
        if os.path.exists(path + ending):
            os.unlink(path + ending)
    os.replace(path + ".other", path)


def main(*places: str) -> None:
    """Replace the database."""
    replace(next(place for place in places if os.path.exists(place)))


if __name__ == "__main__":
    main(*sys.argv[1:])
