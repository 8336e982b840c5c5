"""The time breakdown: a stopwatch that neither loses a moment nor counts one twice, and where clients, logs and metrics find it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestrator_stage import answer, refuse, stage

from services.orchestrator.request.timeline import PHASES, Timeline


class Clock:
    """Says what it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


LAPS = st.lists(st.tuples(st.sampled_from(PHASES), st.floats(0, 1000)), max_size=20)


@given(laps=LAPS)
def test_the_phases_add_up_to_the_time_until_the_last_lap(laps: list[tuple[str, float]]) -> None:
    clock = Clock()
    timeline = Timeline(clock)
    for phase, seconds in laps:
        clock.now += seconds
        timeline.lap(phase)
    assert sum(timeline.spent.values()) == pytest.approx(clock.now - 100.0, abs=1e-6)
    assert timeline.total_seconds() == clock.now - 100.0


def test_a_phase_that_comes_again_grows() -> None:
    clock = Clock()
    timeline = Timeline(clock)
    for phase in ("resolve", "proxy", "queue", "proxy"):
        clock.now += 1.0
        timeline.lap(phase)
    assert timeline.fields() == {"resolve_seconds": 1.0, "queue_seconds": 1.0, "proxy_seconds": 2.0}


def test_the_header_has_every_phase_in_milliseconds() -> None:
    clock = Clock()
    timeline = Timeline(clock)
    clock.now += 0.25
    timeline.lap("resolve")
    timeline.first_token()
    clock.now += 0.75
    expected = "resolve;dur=250.000, choose;dur=0.000, queue;dur=0.000, proxy;dur=0.000, first_token;dur=250.000, total;dur=1000.000"
    assert timeline.server_timing() == expected


async def test_only_a_client_that_asks_gets_the_breakdown() -> None:
    async with stage(answer) as on:
        async with on.chat() as response:
            assert "Server-Timing" not in response.headers
        async with on.chat(headers={"X-Timing": "1"}) as response:
            told = response.headers["Server-Timing"]
        assert [part.partition(";")[0] for part in told.split(", ")] == [*PHASES, "first_token", "total"]


@pytest.mark.parametrize("body", [{"model": "model-a"}, {"model": "unheard-of", "messages": [{"role": "user", "content": "x"}]}])
async def test_a_refusal_has_it_too(body: dict[str, object]) -> None:
    async with stage(answer) as on, on.chat(body, headers={"X-Timing": "1"}) as response:
        assert response.status >= 400
        assert "total;dur=" in response.headers["Server-Timing"]


async def test_pauses_between_attempts_are_the_gateways_queue() -> None:
    async with stage(refuse(503), refuse(503), retry_base_seconds=0.05) as on, on.chat(headers={"X-Timing": "1"}) as response:
        parts = dict(part.split(";dur=") for part in response.headers["Server-Timing"].split(", "))
        assert response.status == 503
        assert float(parts["queue"]) >= 25


async def test_the_log_line_and_the_metrics_have_the_phases(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "services.orchestrator.request")
    async with stage(answer) as on:
        async with on.chat() as response:
            assert response.status == 200
        async with on.get("/metrics") as response:
            text = (await response.read()).decode()
    [line] = [record for record in caplog.records if record.getMessage() == "request"]
    assert {"resolve_seconds", "choose_seconds", "proxy_seconds"} <= set(json.loads(json.dumps(line.fields)))  # type: ignore[attr-defined]
    assert 'gateway_phase_seconds_count{phase="proxy"} 1.0' in text
