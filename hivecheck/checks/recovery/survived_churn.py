"""While workers came and went in an orderly way, requests were under way, and not one of all requests failed."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.measurement.recovery import LEFT
from hivecheck.verdict import Verdict, failed, inconclusive, passed

COMINGS_AND_GOINGS = ("started", "removed")


def survived_churn(history: History, *, at_least: int) -> Verdict:
    """`at_least` so many requests must have been under way between the first coming or going and the last one."""
    times = [event.at for event in history.acts() if event.data.get("what") in COMINGS_AND_GOINGS]
    operations = [operation for operation in history.operations(None) if operation.error != LEFT]
    if not times:
        return inconclusive(expected="workers that come and go", actual="nobody came or went")
    first, last = min(times), max(times)
    meanwhile = [operation for operation in operations if (operation.ended_at or last) >= first and operation.started_at <= last]
    if len(meanwhile) < at_least:
        return inconclusive(expected=f"at least {at_least} requests while workers came and went", actual=f"{len(meanwhile)}")
    lost = [operation for operation in operations if not operation.is_answered]
    if lost:
        return failed(
            expected="every request answered, whoever comes or goes", actual=f"{len(lost)} of {len(operations)} not: {lost[0].sentence()}"
        )
    return passed(f"{len(operations)} requests, {len(meanwhile)} of them while workers came and went")
