"""The queries of the usage API. They use their own read-only connections and change nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.orchestrator.usage.ledger import COLUMNS, NANOSECONDS

GROUPS = ("worker", "model", "key", "tenant")
BUSY_SECONDS = 1.0

_SUMS = ("prompt_tokens", "completion_tokens", "cached_tokens")


@dataclass(frozen=True)
class Scope:
    """Requests that started between `since` and `until` (exclusive), in seconds since 1970.

    With `tenant`, only the requests of that tenant. With `key`, only those of that key without a tenant.
    """

    since: float
    until: float
    tenant: str | None = None
    key: str | None = None

    def condition(self) -> tuple[str, list[object]]:
        """The WHERE condition and its values."""
        # Ids are start times, so the primary key covers the time range.
        words, values = ["id >= ?", "id < ?"], [int(self.since * NANOSECONDS), int(self.until * NANOSECONDS)]
        if self.tenant is not None:
            return " AND ".join([*words, "tenant = ?"]), [*values, self.tenant]
        if self.key is not None:
            return " AND ".join([*words, "key = ?", "tenant IS NULL"]), [*values, self.key]
        return " AND ".join(words), list(values)


def totals(path: Path, scope: Scope, by: Sequence[str]) -> list[dict[str, Any]]:
    """Sums over settled requests per combination of `by` (of GROUPS), or one row for all. Raises sqlite3.Error."""
    condition, values = scope.condition()
    sums = [f"coalesce(sum({column}), 0) AS {column}" for column in _SUMS]
    figures = ["count(*) AS requests", "coalesce(sum(estimated), 0) AS estimated", *sums]
    group = f" GROUP BY {', '.join(by)} ORDER BY {', '.join(by)}" if by else ""
    found = _read(path, f"SELECT {', '.join([*by, *figures])} FROM usage WHERE {condition} AND outcome IS NOT NULL{group}", values)
    return [line | {"total_tokens": line["prompt_tokens"] + line["completion_tokens"]} for line in found]


def requests(path: Path, scope: Scope, after: int, limit: int) -> list[dict[str, Any]]:
    """Single rows with a greater id than `after`, the oldest first. A running request has the `outcome` null.

    `at` is in seconds since 1970. Raises sqlite3.Error.
    """
    condition, values = scope.condition()
    found = _read(path, f"SELECT {', '.join(COLUMNS)} FROM usage WHERE {condition} AND id > ? ORDER BY id LIMIT ?", [*values, after, limit])
    return [line | {"at": line["id"] / NANOSECONDS, "estimated": bool(line["estimated"])} for line in found]


def _read(path: Path, statement: str, values: Sequence[object]) -> list[dict[str, Any]]:
    # A read-only connection never creates the file and never takes the write lock.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as connection:
        cursor = connection.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, line, strict=True)) for line in cursor]
