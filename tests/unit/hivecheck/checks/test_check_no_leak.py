"""Check: no leak."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.leaks.no_leak import no_leak
from hivecheck.history import Event, History
from hivecheck.measurement.floors import CYCLES, note
from hivecheck.measurement.leaks import LEAST, WARM_UP
from hivecheck.verdict import Verdict

KIB = 1024
COUNT = WARM_UP + LEAST


def story(number_of_cycles: int = COUNT, *, per_cycle: dict[str, float] | None = None, **facts: Any) -> History:
    """Cycles of a gateway. `per_cycle` is the growth of each figure, `facts` belong to every cycle."""
    events = []
    for number in range(number_of_cycles):
        process: dict[str, Any] = {
            "name": "orchestrator",
            "pid": 7,
            "started": 1,
            "memory_bytes": 9000 * KIB,
            "descriptors": 20,
            "threads": 1,
        }
        process |= {"sockets": {"established": 4}, "tasks": 9, "running": 0}
        for figure, slope in (per_cycle or {}).items():
            if figure in process:
                process[figure] = int(process[figure] + slope * number)
            else:
                process["sockets"][figure] = int(slope * number)
        events.append(note(float(number), "orchestrator", number, [process]))
        cycle = {"number": number, "requests": 100, "relayed_bytes": 0, "intended": 100, "held": None} | facts
        events.append(Event(float(number), "state", CYCLES, {"cycle": cycle}))
    return tell(events)


def judged(history: History) -> Verdict:
    return no_leak(history, nodes=["orchestrator"])


def test_flat_floors_pass() -> None:
    """Floors that stay the same pass, with the smallest slope that would have been seen."""
    must_say(judged(story()), PASSED, "6 cycles of 100 requests after 3 of warm-up", "smallest visible slope", "per 1000 requests")


@pytest.mark.parametrize(
    ("figure", "slope", "words"),
    [
        ("memory_bytes", 400 * KIB, "memory 400.0 KiB per cycle (4000.0 KiB per 1000 requests)"),
        ("descriptors", 2, "descriptors 2.00 per cycle"),
        ("close_wait", 3, "sockets in state close_wait 3.00 per cycle"),
        ("threads", 1, "threads 1.00 per cycle"),
        ("tasks", 5, "tasks 5.00 per cycle"),
    ],
)
def test_growing_floor_fails(figure: str, slope: float, words: str) -> None:
    """Each resource that grows from cycle to cycle fails, by name."""
    must_say(judged(story(per_cycle={figure: slope})), FAILED, f"orchestrator: {words}")


def test_held_request_fails() -> None:
    """A request that is still in flight after the drain fails, however few cycles there are."""
    must_say(judged(story(1, held="requests in flight: orchestrator: 3")), FAILED, "cycle 0", "orchestrator: 3")


def test_too_few_cycles_are_inconclusive() -> None:
    """Fewer cycles than a verdict takes give none."""
    must_say(judged(story(COUNT - 1)), INCONCLUSIVE, "9 cycles or more")
    must_say(judged(History()), INCONCLUSIVE)


def test_node_without_process_is_inconclusive() -> None:
    """A node of which no process lived through the cycles is named."""
    must_say(no_leak(story(), nodes=["orchestrator", "hive-1"]), INCONCLUSIVE, "hive-1")


def test_noise_is_inconclusive() -> None:
    """Floors that vary by far more than a leak would grow give no verdict."""
    sizes = [0, 0, 0, 900, 0, 2000, 300, 1500, 2900]
    process = {"name": "orchestrator", "pid": 7, "started": 1, "descriptors": 20, "threads": 1, "sockets": {}}
    cycle = {"requests": 100, "relayed_bytes": 0, "intended": 100, "held": None}
    events = [note(0.0, "orchestrator", number, [process | {"memory_bytes": size * KIB}]) for number, size in enumerate(sizes)]
    events += [Event(0.0, "state", CYCLES, {"cycle": cycle | {"number": number}}) for number in range(COUNT)]
    must_say(judged(tell(events)), INCONCLUSIVE, "orchestrator: memory")


def test_another_load_is_inconclusive() -> None:
    """Requests that did not end as the load means them to prove nothing."""
    must_say(judged(story(intended=80)), INCONCLUSIVE, "80 of 100 requests")


def test_ended_process_leaves_no_doubt() -> None:
    """A process that ended early leaves no doubt among the living, but its leak fails."""
    noisy = {"descriptors": [20, 20, 20, 29, 20, 31, 22, 35, 21]}
    leaking = {"descriptors": list(range(20, 38, 2))}
    for figures, answer, of_living in ((noisy, INCONCLUSIVE, PASSED), (leaking, FAILED, FAILED)):
        history = story(2 * COUNT)
        for number in range(COUNT):
            ended = {"name": "orchestrator", "pid": 5, "started": 0, "memory_bytes": 9000 * KIB, "threads": 1, "sockets": {}}
            history.record(note(float(number), "orchestrator", number, [ended | {"descriptors": figures["descriptors"][number]}]))
        assert judged(history).answer is answer
        assert no_leak(history, nodes=["orchestrator"], of_living=True).answer is of_living
