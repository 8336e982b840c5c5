"""Requests of one wave came over few connections: they are kept and used again."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def reused(history: History, *, purpose: str, at_most: int) -> Verdict:
    """By the other end of the connection, as the worker noted it at each arrival."""
    operations = history.operations(purpose)
    peers = [line.data.get("peer") for operation in operations for line in history.arrivals(operation)]
    if len(peers) <= at_most or None in peers:
        return inconclusive(expected=f"more than {at_most} arrivals whose connection is known", actual=f"{peers}")
    if len(set(peers)) > at_most:
        return failed(
            expected=f"{len(peers)} requests over at most {at_most} connections",
            actual=f"{len(set(peers))}: {sorted(map(str, set(peers)))[:5]}",
        )
    return passed(f"{len(peers)} requests over {len(set(peers))} connections")
