"""Check: relayed."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, log, must_say, tell

from hivecheck.checks.routing.relayed import relayed
from hivecheck.history import Event

HIVES = {"worker-1": "hive-1", "worker-2": "hive-2"}
TOLD = chat()


def test_a_relay_that_the_worker_s_hive_logged_passes() -> None:
    must_say(relayed(tell(TOLD, arrival(TOLD), log(TOLD, "hive-1", event="relayed")), hives=HIVES), PASSED, "hive-1")


@pytest.mark.parametrize(
    "line",
    [log(TOLD, "hive-2", event="relayed"), log(TOLD, "hive-1", event="refused"), log(chat(2), "hive-1", event="relayed")],
)
def test_another_hive_another_line_or_another_request_fails(line: Event) -> None:
    must_say(relayed(tell(TOLD, arrival(TOLD), line), hives=HIVES), FAILED, "hive-1 relayed r1")


@pytest.mark.parametrize("arrivals", [[], [arrival(TOLD), arrival(TOLD, "worker-2")], [arrival(TOLD, "worker-9")]])
def test_other_than_one_arrival_at_a_managed_worker_is_inconclusive(arrivals: list[Event]) -> None:
    must_say(relayed(tell(TOLD, arrivals, log(TOLD, "hive-1", event="relayed")), hives=HIVES), INCONCLUSIVE, "one arrival")
