"""Check: retransmitted."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.recovery.retransmitted import retransmitted
from hivecheck.history import Event


def healed(node: str = "hive-1", **account: Any) -> Event:
    data = {"stats": {"description": "9 dropped", **account}} if account else {}
    return Event(1.0, "fault", node, {"what": "removed", **data})


def test_retransmissions_count() -> None:
    """Only retransmitted segments count, not dropped ones."""
    must_say(retransmitted(tell(healed(dropped=9, repeated=3)), node="hive-1", at_least=3), PASSED, "3 retransmitted segments")
    must_say(retransmitted(tell(healed(dropped=9, repeated=0)), node="hive-1", at_least=3), FAILED, "9 dropped")


def test_no_stats_is_inconclusive() -> None:
    """A node without packet statistics gives no verdict."""
    must_say(retransmitted(tell(healed()), node="hive-1", at_least=1), INCONCLUSIVE)
    must_say(retransmitted(tell(healed("hive-2", repeated=3)), node="hive-1", at_least=1), INCONCLUSIVE)
