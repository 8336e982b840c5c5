"""The search for the knee: its interval contains the truth, it keeps its bounds, and it resumes where it ended."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.errors import UsageError
from hivecheck.load.knee import Probe, RunProbe, Search, Stop, next_step, probe_seed, search
from hivecheck.load.probe_log import ProbeLog

PROBE_SECONDS = 10.0
KNEE = 137.0
SEEDS = range(12)


def wanted(seed: int = 0, seconds: float = 250.0, low: float = 1.0, high: float = 1000.0, requests: int = 0) -> Search:
    """A search over three decades."""
    return Search(low, high, PROBE_SECONDS, seconds, seed, requests)


def server(holds: Callable[[float, random.Random], bool | None]) -> RunProbe:
    """A server without a clock. Its probes take no time."""

    def run(number: int, rate: float, seed: int) -> Probe:
        return Probe(number, rate, seed, holds(rate, random.Random(seed)), PROBE_SECONDS, int(rate * PROBE_SECONDS))

    return run


def noisy_threshold(spread: float, mishap: float = 0.0) -> Callable[[float, random.Random], bool]:
    """Holds below the knee, with an edge of this width, and now and then with the other outcome."""

    def holds(rate: float, rng: random.Random) -> bool:
        edge = KNEE * math.exp(rng.gauss(0, spread))
        return (rate < edge) != (rng.random() < mishap)

    return holds


def queue(service_rate: float, limit: float) -> Callable[[float, random.Random], bool]:
    """An M/M/1 queue: a probe holds when 95 % of its requests leave within the limit."""

    def holds(rate: float, rng: random.Random) -> bool:
        wait, waits = 0.0, []
        for _ in range(300):
            service = rng.expovariate(service_rate)
            waits.append(wait + service)
            wait = max(0.0, wait + service - rng.expovariate(rate))
        return sorted(waits)[int(0.95 * len(waits))] < limit

    return holds


@pytest.mark.parametrize(
    ("spread", "mishap"), [(0.0, 0.0), (0.05, 0.0), (0.15, 0.0), (0.02, 0.03)], ids=["sharp", "soft", "wide", "mishaps"]
)
def test_interval_contains_the_knee(spread: float, mishap: float) -> None:
    """The interval contains the knee in nearly all seeds, and it is far narrower than the range."""
    found = [search(server(noisy_threshold(spread, mishap)), wanted(seed)) for seed in SEEDS]
    hits = sum((one.low or 0) <= KNEE <= (one.high or math.inf) for one in found)
    assert hits >= len(SEEDS) - 1
    widths = sorted((one.high or math.inf) / (one.low or 0.1) for one in found)
    assert widths[len(SEEDS) // 2] < 2


def test_queue() -> None:
    """The knee of an M/M/1 queue lies where half of the probes hold, below the capacity of the server."""
    holds = queue(service_rate=100.0, limit=0.1)
    for seed in SEEDS[:4]:
        found = search(server(holds), wanted(seed))
        assert found.low and found.high
        middle = math.sqrt(found.low * found.high)
        assert 50 < middle < 100
        shares = [sum(holds(rate, random.Random(one)) for one in range(60)) / 60 for rate in (found.low * 0.7, found.high * 1.3)]
        assert shares[0] > 0.5 > shares[1]


@pytest.mark.parametrize(("answer", "stop"), [(True, Stop.EVERYTHING_HOLDS), (False, Stop.NOTHING_HOLDS)])
def test_knee_outside_the_range(answer: bool, stop: Stop) -> None:
    """A server that always holds, or never does, gives an open interval after a few probes."""
    found = search(server(lambda rate, rng: answer), wanted())
    assert found.stop is stop
    assert (found.low, found.high)[answer] is None
    assert len(found.probes) < 15


def test_first_probe_is_the_lowest_rate() -> None:
    """The search comes from below, so that it does not overrun a server at once."""
    assert next_step(wanted(), []) == 1.0


@given(st.floats(30, 400), st.integers(0, 20000), st.lists(st.sampled_from([True, False, None]), min_size=60, max_size=60))
@settings(max_examples=15, deadline=None)
def test_bounds(seconds: float, requests: int, outcomes: list[bool | None]) -> None:
    """Whatever the probes say, the search ends within its time, its requests and its range."""
    run = server(lambda rate, rng: outcomes[rng.randrange(len(outcomes))])
    found = search(run, wanted(seconds=seconds, requests=requests))
    assert sum(one.seconds for one in found.probes) <= seconds
    assert not requests or sum(one.requests for one in found.probes) <= requests
    assert all(1.0 <= one.rate <= 1000.0 for one in found.probes)


def test_client_limit() -> None:
    """Rates that the client cannot send are no evidence about the server, and the search says so."""
    found = search(server(lambda rate, rng: None if rate > 60 else True), wanted())
    assert found.stop is Stop.CLIENT_LIMIT
    assert found.high is None
    assert all(one.held is not False for one in found.probes)


def test_knee_below_the_client_limit() -> None:
    """A limit of the client above the knee does not hide the knee."""
    found = search(server(lambda rate, rng: None if rate > 200 else rate < KNEE), wanted(seconds=400))
    assert found.low and found.high
    assert found.low <= KNEE <= found.high


def test_interruption_gives_what_is_known() -> None:
    """After ctrl-C in a probe the earlier probes still give an interval."""
    calls = []

    def run(number: int, rate: float, seed: int) -> Probe:
        calls.append(rate)
        if number == 6:
            raise KeyboardInterrupt
        return Probe(number, rate, seed, rate < KNEE, PROBE_SECONDS, 1)

    found = search(run, wanted())
    assert (found.stop, len(found.probes)) == (Stop.INTERRUPTED, 6)


def test_resumed_search_is_the_same(tmp_path: Path) -> None:
    """A search that is killed after any probe goes on with the probes that it would have made."""
    run, question = server(noisy_threshold(0.05)), {"model": "model-a"}
    whole = search(run, wanted(3))
    log = ProbeLog(tmp_path / "probes.jsonl", question)
    for probe in whole.probes[:5]:
        log.keep(probe)
    with (tmp_path / "probes.jsonl").open("a") as file:
        file.write('{"number": 5, "ra')
    again = ProbeLog(tmp_path / "probes.jsonl", question)
    assert search(run, wanted(3), again.earlier, again.keep) == whole
    assert ProbeLog(tmp_path / "probes.jsonl", question).earlier == whole.probes


@pytest.mark.parametrize("content", ['{"format": 1, "kind": "probes", "question": {"model": "model-b"}}\n', "[]\n", "no JSON\n"])
def test_other_probes_are_refused(tmp_path: Path, content: str) -> None:
    """Probes of another question are no evidence."""
    (tmp_path / "probes.jsonl").write_text(content)
    with pytest.raises(UsageError):
        ProbeLog(tmp_path / "probes.jsonl", {"model": "model-a"})
    assert (tmp_path / "probes.jsonl").read_text() == content


def test_probe_seeds_differ() -> None:
    """Each probe has a seed of its own, from the seed of the search."""
    assert len({probe_seed(seed, number) for seed in range(3) for number in range(20)}) == 60
