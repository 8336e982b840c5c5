"""The pure parts: view, balancing, in-flight counters, passive health, retry delays, end of streams."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestrator_stage import entry

from services import wire
from services.api_errors import ApiError
from services.orchestrator.forwarding.passive_health import EJECTION_SECONDS, PassiveHealth
from services.orchestrator.forwarding.retry import RetryPolicy
from services.orchestrator.forwarding.sse_tail import SseTail
from services.orchestrator.request.in_flight import InFlight
from services.orchestrator.request.stats import MAX_WORKER_IDS, OTHER_WORKERS, Stats
from services.orchestrator.routing.balancer import choose
from services.orchestrator.routing.cluster import Cluster
from services.orchestrator.routing.view import view_of

W1, W2, W3 = entry("w1"), entry("w2"), entry("w3")


def snapshot(*entries: wire.ServiceEntry) -> wire.ServiceList:
    return wire.ServiceList(instance="one", revision=1, services=entries)


def pick(
    *workers: wire.ServiceEntry, loads: dict[str, float] | None = None, turns: dict[str, int] | None = None, **more: Any
) -> str | None:
    chosen = choose(
        workers,
        lambda worker: (loads or {}).get(worker.id, 0),
        lambda worker_id: (turns or {}).get(worker_id, 0),
        more.get("tried", ()),
        more.get("ejected", frozenset()),
    )
    return chosen.id if chosen else None


def test_shortest_queue() -> None:
    """The worker with the shortest queue is selected."""
    assert pick(W1, W2, W3, loads={"w1": 2, "w2": 1, "w3": 3}) == "w2"


def test_least_recently_used() -> None:
    """Among equal queues the least recently used worker is selected."""
    assert pick(W1, W2, W3, turns={"w1": 5, "w2": 9, "w3": 4}) == "w3"


def test_tried_workers_excluded() -> None:
    """A tried worker is never selected again."""
    assert pick(W1, W2, tried=["w1"], loads={"w2": 99}) == "w2"
    assert pick(W1, W2, tried=["w1", "w2"]) is None


def test_ejected_worker_is_last_resort() -> None:
    """An ejected worker is selected only without another candidate."""
    assert pick(W1, W2, ejected=frozenset({"w1"}), loads={"w2": 99}) == "w2"
    assert pick(W1, W2, ejected=frozenset({"w1"}), tried=["w2"]) == "w1"


def test_ejection_ends() -> None:
    """An ejection ends after its time, after success and with a new epoch."""
    now = [100.0]
    passive_health = PassiveHealth(clock=lambda: now[0])
    passive_health.eject(W1)
    passive_health.eject(W2)
    assert passive_health.ejected([W1, W2, W3]) == {"w1", "w2"}
    assert passive_health.ejected([entry("w1", epoch=2)]) == set()
    passive_health.readmit(W2)
    assert passive_health.ejected([W1, W2]) == {"w1"}
    now[0] += EJECTION_SECONDS
    assert passive_health.ejected([W1, W2]) == set()


def test_view_routable_workers() -> None:
    """The view routes to ready workers that are not offline."""
    view = view_of(snapshot(W1, entry("w2", status="offline"), entry("w3", state="draining"), entry("h", kind="hive")))
    assert {model: [one.id for one in workers] for model, workers in view.by_model.items()} == {"model-a": ["w1"]}
    assert set(view.workers) == {"w1", "w2", "w3"}
    assert set(view.hives) == {"h"}


def test_model_memory() -> None:
    """A model without a worker stays known for `model_memory_seconds`."""
    cluster = Cluster(memory_seconds=10)
    cluster.apply(snapshot(W1), now=0)
    cluster.apply(snapshot(), now=100)  # It was ready until this snapshot.
    for now, code in [(105.0, "no_available_workers"), (111.0, "model_not_found")]:
        with pytest.raises(ApiError) as caught:
            cluster.must_have("model-a", now)
        assert caught.value.code == code


@given(st.lists(st.tuples(st.sampled_from(["start", "finish", "abort"]), st.sampled_from(["w1", "w2", "w3"])), max_size=60))
def test_in_flight_returns_to_zero(steps: list[tuple[str, str]]) -> None:
    """The counters are correct after any mix of ends."""
    in_flight = InFlight()
    open_: list[contextlib.ExitStack] = []
    for step, worker_id in steps:
        if step == "start":
            guards = contextlib.ExitStack()
            guards.enter_context(in_flight.request())
            guards.enter_context(in_flight.attempt(worker_id))
            open_.append(guards)
        elif open_ and step == "finish":
            open_.pop().close()
        elif open_:
            with contextlib.suppress(ConnectionError), open_.pop(0):
                raise ConnectionError
        assert in_flight.total == len(open_) == sum(in_flight.at(worker) for worker in ("w1", "w2", "w3"))
    for guards in open_:
        guards.close()
    assert in_flight.total == 0
    assert all(in_flight.at(worker) == 0 for worker in ("w1", "w2", "w3"))


def test_turns_of_removed_workers() -> None:
    """The order of attempts forgets removed workers."""
    in_flight = InFlight()
    for worker_id in ("w1", "w2"):
        with in_flight.attempt(worker_id):
            pass
    in_flight.forget_all_but({"w2"})
    assert (in_flight.turn("w1"), in_flight.turn("w2")) == (0, 2)


def test_retry_delays() -> None:
    """The backoff doubles, has jitter and repeats with the same seed."""
    policy = RetryPolicy(2, 0.1)
    delays = [policy.delay_seconds(number, random.Random(7)) for number in (1, 2, 3)]
    assert delays == [policy.delay_seconds(number, random.Random(7)) for number in (1, 2, 3)]
    assert all(0.05 * 2**n <= delay <= 0.1 * 2**n for n, delay in enumerate(delays))


@given(st.binary(max_size=40), st.lists(st.integers(1, 60), max_size=8))
def test_done_marker_in_any_chunks(before: bytes, cuts: list[int]) -> None:
    """The end marker is found in any chunking."""
    whole = before + b"\n\ndata: [DONE]\n\n"
    tail, start = SseTail(), 0
    for cut in [*sorted(cuts), len(whole)]:
        tail.feed(whole[start:cut])
        start = max(start, cut)
    assert tail.is_done
    assert tail.separator() == b""


@pytest.mark.parametrize(
    "text", [b'data: {"a":"data: [DONE]"}\n\n', b'data: {"a":"data: [DONE] is it"}\n\n', b": data: [DONE]\n\n", b"xdata: [DONE]"]
)
def test_done_marker_inside_text(text: bytes) -> None:
    """An end marker inside a line does not count, in one piece or in bytes."""
    for size in (len(text), 1):
        tail = SseTail()
        for start in range(0, len(text), size):
            tail.feed(text[start : start + size])
        assert not tail.is_done


@pytest.mark.parametrize(
    ("sent", "separator"), [(b"", b""), (b"data: 1\n\n", b""), (b"data: 1\r\n\r\n", b""), (b"data: 1\n", b"\n\n"), (b"da", b"\n\n")]
)
def test_separator(sent: bytes, separator: bytes) -> None:
    """A further event starts after a complete event."""
    tail = SseTail()
    tail.feed(sent)
    assert tail.separator() == separator


def test_stats_bound_worker_ids() -> None:
    """The statistics count a bounded number of worker ids."""
    stats = Stats()
    keys = {stats._worker_key(f"w{number}") for number in range(3)}
    stats._by_worker.update({f"x{number}": 1 for number in range(MAX_WORKER_IDS)})
    assert keys == {"w0", "w1", "w2"}
    assert stats._worker_key("one more") == OTHER_WORKERS
