"""The engine: prompts, conversations, caps, warm-up, shards and refusals of the first request."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from recording_server import RecordingServer
from runs import even, outcome_of, plan_of
from samples import stream

from hivecheck.errors import UsageError
from hivecheck.load import measured, run
from hivecheck.load.bodies import Bodies
from hivecheck.load.engine import Engine, due_after
from hivecheck.load.measured import Measured
from hivecheck.load.plan import Caps, Plan, Prompt
from hivecheck.load.schedule import Trace, Turn, Users


def texts(body: dict[str, Any]) -> list[str]:
    return [message["content"] for message in body["messages"]]


def test_plan_round_trip() -> None:
    """A plan survives its JSON, and other data is refused."""
    plan = plan_of("http://127.0.0.1:1/v1", schedule=Trace((Turn(5, at=0.0),), 3.0), caps=Caps(3), headers={"X-A": "b"})
    assert Plan.from_json(plan.to_json()) == plan
    with pytest.raises(UsageError, match="a load plan"):
        Plan.from_json(b'{"url": 3}')


def test_unique_prompts() -> None:
    """Every prompt is unique and has the asked length. The shared prefix is the stated share of it."""
    bodies = Bodies(plan_of("http://x/v1", prompt=Prompt(20, 0.5)))
    prompts = [texts(json.loads(bodies.body(number)))[0].split() for number in range(300)]
    assert {len(prompt) for prompt in prompts} == {20}
    assert len({tuple(prompt[:10]) for prompt in prompts}) == 1
    assert len({tuple(prompt[10:]) for prompt in prompts}) == 300


def test_body(recorder: RecordingServer) -> None:
    """A streamed request asks for its usage, and the key goes into the header."""
    plan = plan_of(recorder.url, schedule=even(10, 0.1))

    async def work() -> None:
        await Engine(plan, key="secret").run(time.monotonic())

    asyncio.run(work())
    (body,) = recorder.bodies
    assert body["stream"] and body["stream_options"] == {"include_usage": True} and body["max_tokens"] == 16
    assert "Authorization: Bearer secret" in recorder.heads[0] and recorder.heads[0].startswith("POST /v1/chat/completions ")


def test_same_seed_same_bodies() -> None:
    """The bodies come from the seed and the number alone."""
    plan, other = plan_of("http://x/v1", stream_share=0.5), plan_of("http://x/v1", stream_share=0.5, seed=8)
    bodies = [Bodies(one) for one in (plan, plan, other)]
    first, again, others = [[one.body(number) for number in range(40)] for one in bodies]
    assert first == again != others


def test_stream_share() -> None:
    """The stated share of the requests streams."""
    plan = plan_of("http://x/v1", stream_share=0.25)
    assert sum(plan.is_stream(number) for number in range(4000)) == pytest.approx(1000, rel=0.1)


def test_turns(recorder: RecordingServer) -> None:
    """A turn sends the earlier turns of its conversation and their assistant turns again. A new conversation sends none."""
    judged = outcome_of(plan_of(recorder.url, schedule=Users(1, 30.0, turns=2), caps=Caps(3)))
    assert judged.data["totals"]["done"] == 3
    first, second, third = map(texts, recorder.bodies)
    assert len(first) == 1 and len(second) == 3 and len(third) == 1
    assert second[0] == first[0] and [message["role"] for message in recorder.bodies[1]["messages"]] == ["user", "assistant", "user"]
    assert len(second[1].split()) == 16


def test_trace(recorder: RecordingServer) -> None:
    """A trace sends recorded texts, lengths and answers, and a turn waits for the one before and its think time."""
    turns = (
        Turn(4, 2, at=0.0, conversation="a", prompt="how are you", answer="very well"),
        Turn(6, 3, think=0.3, conversation="a"),
        Turn(5, at=0.1),
    )
    recorder.answer_seconds = 0.2
    judged = outcome_of(plan_of(recorder.url, schedule=Trace(turns, 0.4)))
    assert judged.data["totals"]["done"] == 3 == judged.data["totals"]["scheduled"]
    later = next(body for body in recorder.bodies if len(body["messages"]) == 3)
    assert texts(later)[:2] == ["how are you", "very well"] and len(texts(later)[2].split()) == 6
    assert [later["max_tokens"], recorder.bodies[0]["max_tokens"]] == [3, 2]
    assert judged.data["percentiles"]["ttft"]["count"] == 3


def test_late_turn_moves_no_later_turn() -> None:
    """The turn after one that the client sent late is due as if that one had been sent on time."""
    trace = plan_of("http://x/v1", schedule=Trace((Turn(4, at=0.0, conversation="a"), Turn(4, think=2.0, conversation="a")), 9.0))
    on_time, late = stream(ttft=1.0, tokens=1), stream(ttft=1.0, tokens=1, sent_at=100.25)
    assert due_after(on_time, trace) == 103.0 and due_after(late, trace) == 102.75


def test_busy_users_add_up_no_lateness() -> None:
    """A user without think time asks when the answer is there, so the delays of earlier requests do not add up to lateness."""
    closed, delay = plan_of("http://x/v1", schedule=Users(1, 3600.0)), 0.0005
    due = 100.0
    for number in range(1000):
        sample = stream(number, intended_at=due, sent_at=due + delay, ttft=1.0, tokens=1)
        due = due_after(sample, closed)
        assert due == sample.ended_at


def test_request_cap(recorder: RecordingServer) -> None:
    """The run stops in good order at the cap on requests. The warm-up counts, and what was sent is judged."""
    judged = outcome_of(plan_of(recorder.url, schedule=even(200, 20), caps=Caps(requests=7), warm_up=2))
    assert len(recorder.bodies) == 7
    assert judged.data["stopped_by"] == "max_requests" and judged.exit_code == 0
    assert judged.data["totals"]["scheduled"] == judged.data["totals"]["done"] == 5


def test_token_cap(recorder: RecordingServer) -> None:
    """The tokens of all requests stay below the cap, and open requests count with the most that they can use."""
    recorder.answer_seconds = 0.2
    judged = outcome_of(plan_of(recorder.url, schedule=even(50, 20), caps=Caps(tokens=500), warm_up=1, prompt=Prompt(10)))
    totals = judged.data["totals"]
    spent = totals["prompt_tokens"] + totals["completion_tokens"]
    assert judged.data["stopped_by"] == "max_tokens" and judged.exit_code == 0
    assert 200 < spent <= 500 and len(recorder.bodies) == totals["done"] + 1


def test_warm_up(recorder: RecordingServer) -> None:
    """Warm-up requests are sent before the schedule and enter no figure."""
    judged = outcome_of(plan_of(recorder.url, warm_up=3))
    assert len(recorder.bodies) == 13 and judged.data["totals"]["sent"] == 10 == judged.data["percentiles"]["ttft"]["count"]


@pytest.mark.parametrize(
    ("status", "phrase"),
    [("401 Unauthorized", "--key-env"), ("404 Not Found", "--url"), ("400 Bad Request", "--model m")],
)
def test_refused_first_request(recorder: RecordingServer, status: str, phrase: str) -> None:
    """A refusal that no other request can escape ends the run before it begins, with advice."""
    recorder.status = status
    with pytest.raises(UsageError, match="it refuses") as error:
        outcome_of(plan_of(recorder.url, warm_up=1))
    assert phrase in str(error.value) and len(recorder.bodies) == 1


def test_unreachable() -> None:
    """An address without a server is named before the run begins."""
    with pytest.raises(UsageError, match="connection refused"):
        outcome_of(plan_of("http://127.0.0.1:1/v1", warm_up=1))


def test_overloaded_server_is_no_refusal(recorder: RecordingServer) -> None:
    """A server that is overloaded at the first request is measured all the same."""
    recorder.status = "503 Service Unavailable"
    judged = outcome_of(plan_of(recorder.url, warm_up=1))
    assert judged.data["totals"]["causes"] == {"503 refused, no Retry-After": 10} and judged.exit_code == 1


def test_shards(recorder: RecordingServer) -> None:
    """The shards of a plan send each request once, and their merge counts like one process."""
    plan = plan_of(recorder.url)

    async def work() -> list[Measured]:
        start = time.monotonic()
        return await asyncio.gather(*(Engine(plan, shard=shard, shards=3).run(start) for shard in range(3)))

    parts = [Measured.from_json(json.loads(json.dumps(part.to_json()))) for part in asyncio.run(work())]
    whole = measured.merged(parts)
    assert whole.scheduled == whole.sent == 10 == whole.tally.counts["done"] and whole.processes == 3
    expected = {texts(json.loads(Bodies(plan).body(number)))[0] for number in range(10)}
    assert {texts(body)[0] for body in recorder.bodies} == expected and len(recorder.bodies) == 10


def test_sessions() -> None:
    """Each turn of a conversation has its session id, and another conversation or seed has another one."""
    plan = plan_of("http://x/v1", schedule=Users(2, 9.0, turns=3), session_field="session_id")
    sessions = [json.loads(Bodies(plan).body(number))["session_id"] for number in range(8)]
    assert sessions[0] == sessions[2] == sessions[4] and len(set(sessions)) == 4
    assert "session_id" not in json.loads(Bodies(plan_of("http://x/v1")).body(0))


def test_key_header(recorder: RecordingServer) -> None:
    """The key is a bearer token, or it stands in a header of another name and form."""
    for options in ({}, {"key_header": "X-Cluster-Token", "key_form": "{}"}):
        run.run(plan_of(recorder.url, **options), "secret")
    assert "Authorization: Bearer secret" in recorder.heads[0]
    assert "X-Cluster-Token: secret" in recorder.heads[-1] and "Authorization" not in recorder.heads[-1]


def test_most_open(recorder: RecordingServer) -> None:
    """The highest number of open requests is in the figures."""
    recorder.answer_seconds = 0.3
    judged = outcome_of(plan_of(recorder.url, schedule=Users(5, 0.2)))
    assert judged.data["totals"]["most_open"] == 5


def test_refusal_without_retry_after(recorder: RecordingServer) -> None:
    """The cause of a 429 or 503 tells that it names no time for the next attempt."""
    recorder.status = "503 Service Unavailable"
    causes = outcome_of(plan_of(recorder.url)).data["totals"]["causes"]
    assert all(cause.endswith("no Retry-After") for cause in causes) and causes
