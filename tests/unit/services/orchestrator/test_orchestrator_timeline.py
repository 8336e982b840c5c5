"""The request timeline, and its values in headers, logs and metrics."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestrator_stage import CHAT, answer, refuse, stage

from services.orchestrator.request.timeline import PHASES, Timeline


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


LAPS = st.lists(st.tuples(st.sampled_from(PHASES), st.floats(0, 1000)), max_size=20)


@given(laps=LAPS)
def test_phases_add_up(laps: list[tuple[str, float]]) -> None:
    """The phases add up to the time until the last lap."""
    clock = Clock()
    timeline = Timeline(clock)
    for phase, seconds in laps:
        clock.now += seconds
        timeline.lap(phase)
    assert sum(timeline.spent.values()) == pytest.approx(clock.now - 100.0, abs=1e-6)
    assert timeline.total_seconds() == clock.now - 100.0


def test_repeated_phase() -> None:
    """A repeated phase accumulates."""
    clock = Clock()
    timeline = Timeline(clock)
    for phase in ("resolve", "proxy", "queue", "proxy"):
        clock.now += 1.0
        timeline.lap(phase)
    assert timeline.fields() == {"resolve_seconds": 1.0, "queue_seconds": 1.0, "proxy_seconds": 2.0}


def test_server_timing() -> None:
    """The header contains every phase in milliseconds."""
    clock = Clock()
    timeline = Timeline(clock)
    clock.now += 0.25
    timeline.lap("resolve")
    timeline.first_token()
    clock.now += 0.75
    expected = "resolve;dur=250.000, choose;dur=0.000, queue;dur=0.000, proxy;dur=0.000, first_token;dur=250.000, total;dur=1000.000"
    assert timeline.server_timing() == expected


async def test_timing_on_request_only() -> None:
    """Only a client that requests it gets the header."""
    async with stage(answer) as on:
        async with on.chat() as response:
            assert "Server-Timing" not in response.headers
        async with on.chat(headers={"X-Timing": "1"}) as response:
            timing = response.headers["Server-Timing"]
        assert [part.partition(";")[0] for part in timing.split(", ")] == [*PHASES, "first_token", "total"]


@pytest.mark.parametrize("body", [{"model": "model-a"}, CHAT | {"model": "unknown"}])
async def test_timing_of_refusal(body: dict[str, object]) -> None:
    """A refusal has the header too."""
    async with stage(answer) as on, on.chat(body, headers={"X-Timing": "1"}) as response:
        assert response.status >= 400
        assert "total;dur=" in response.headers["Server-Timing"]


async def test_backoff_is_queue_time() -> None:
    """The backoff between attempts counts as queue time."""
    async with stage(refuse(503), refuse(503), retry_base_seconds=0.05) as on, on.chat(headers={"X-Timing": "1"}) as response:
        parts = dict(part.split(";dur=") for part in response.headers["Server-Timing"].split(", "))
        assert response.status == 503
        assert float(parts["queue"]) >= 25


async def test_phases_in_log_and_metrics(caplog: pytest.LogCaptureFixture) -> None:
    """Log line and metrics contain the phases."""
    caplog.set_level("INFO", "services.orchestrator.request")
    async with stage(answer) as on:
        async with on.chat() as response:
            assert response.status == 200
        async with on.get("/metrics") as response:
            text = (await response.read()).decode()
    [line] = [record for record in caplog.records if record.getMessage() == "request"]
    assert {"resolve_seconds", "choose_seconds", "proxy_seconds"} <= set(json.loads(json.dumps(line.fields)))  # type: ignore[attr-defined]
    assert 'gateway_phase_seconds_count{phase="proxy"} 1.0' in text
