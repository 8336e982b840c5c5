"""The gateway reuses connections: the requests of a batch reached their workers over few of them."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, listed


def reused(history: History, *, purpose: str, at_most: int) -> Verdict:
    """Counts the peer addresses that the workers' journals have for the arrivals."""
    operations = history.operations(purpose)
    peers = [line.data.get("peer") for operation in operations for line in history.arrivals(operation)]
    if None in peers:
        return inconclusive(expected="arrivals with a known peer address", actual=listed(peers))
    if len(peers) <= at_most:
        return no_room(expected=f"more than {counted(at_most, 'arrival')}", actual=listed(peers))
    # A peer address has a port, so each connection has another one.
    if len(set(peers)) > at_most:
        return failed(
            expected=f"{counted(len(peers), 'request')} over at most {counted(at_most, 'connection')}",
            actual=f"{len(set(peers))}: {listed(sorted(map(str, set(peers)))[:5])}",
        )
    return passed(f"{counted(len(peers), 'request')} over {counted(len(set(peers)), 'connection')}")
