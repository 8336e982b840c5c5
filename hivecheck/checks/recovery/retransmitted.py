"""Senders really had to send again what a fault took away: seen on the wire, not in the fault's own count of what it did."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def retransmitted(history: History, *, node: str, at_least: int) -> Verdict:
    """By the account of the fault on `node`, which is given when it is healed: segments with payload that came a second time.

    A connection that is only begun carries none, so that what proves that a fault bit does not count.
    """
    told = [event.data["stats"] for event in history.events("fault", node) if event.data.get("stats")]
    if not told:
        return inconclusive(expected=f"a fault on {node} that was healed and gave account of its packets", actual="none")
    repeated = sum(int(account["repeated"]) for account in told)
    if repeated < at_least:
        return failed(expected=f"at least {at_least} segments sent again at {node}", actual=f"{repeated}; {told[-1]['description']}")
    return passed(f"{repeated} segments were sent again at {node}")
