"""Prints the entries that a registry's database holds, as JSON by id.

Arguments: PLACE... The database is the first place that exists.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys


def main(*places: str) -> None:
    """Read the database. Another service's database has no such table and so no entries."""
    # The first place is the node's own folder on the process platform, the second the volume of its container.
    connection = sqlite3.connect(next(place for place in places if os.path.exists(place)), timeout=1.0)
    [has_table] = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'entries'").fetchone()
    rows = connection.execute("SELECT id, body FROM entries").fetchall() if has_table else []
    connection.close()
    print(json.dumps({key: json.loads(body) for key, body in rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
