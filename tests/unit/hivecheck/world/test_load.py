"""Steady load: an open loop keeps its schedule, a closed loop keeps its number of clients."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from hivecheck.checks.recovery.recovered import recovered
from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.errors import UsageError
from hivecheck.history import CLIENT_LEFT, Event, History
from hivecheck.loop_thread import LoopThread
from hivecheck.measurement.recovery import LOAD, OBJECTIVE, first_token_seconds, measure
from hivecheck.stack.secrets import Secrets
from hivecheck.timeouts import Timeouts
from hivecheck.verdict import Answer
from hivecheck.waiting import eventually
from hivecheck.world.load import CONTINUATIONS, ClosedLoop, Load, OpenLoop, Schedule
from hivecheck.world.requests.chats import Chats

RATE = 50.0
MORE = 20
HICCUP = 5
RECOVERY_SECONDS = 4.0


@dataclass
class Server:
    """Answers every request with one token, and none while it is silent. It refuses the next `refusals` requests."""

    port: int = 0
    refusals: float = 0
    is_talking: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> asyncio.Server:
        self.is_talking.set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def be_silent(self, is_silent: bool) -> None:
        if is_silent:
            self.is_talking.clear()
        else:
            self.is_talking.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
                await self.is_talking.wait()
                if self.refusals > 0:
                    self.refusals -= 1
                    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                    continue
                stream = b"data: " + json.dumps({"choices": [{"delta": {"content": "t0 "}, "finish_reason": "stop"}]}).encode()
                body = stream + b"\n\ndata: [DONE]\n\n"
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


@pytest.fixture
def server(loop: LoopThread) -> Iterator[Server]:
    made = Server()
    listening = loop.run(made.open(), 5)
    yield made
    loop.call(listening.close)  # in the thread of its loop, because a server is not safe for others


@pytest.fixture
def load(loop: LoopThread, server: Server) -> Iterator[Load]:
    history, timeouts = History(), Timeouts(recovery=RECOVERY_SECONDS)
    gateway = OpenAIClient(f"http://127.0.0.1:{server.port}", loop, history, timeouts.request)
    made = Load(Chats(gateway, Secrets(), history, timeouts), loop)
    yield made
    made.leave()
    gateway.close()


def await_more(load: Load, more: int = MORE) -> int:
    """Returns when so many more were sent, with the index of the first of them."""
    before = len(load.calls)
    eventually(lambda: len(load.calls) >= before + more, within=20, what=f"{more} more requests sent")
    return before


def test_open_loop_baseline_and_end(load: Load) -> None:
    """The load begins with a baseline of answered requests and ends with none in flight."""
    load.begin("model-a", OpenLoop(RATE))
    load.end()
    answered = [one for one in load.history.operations(LOAD) if one.is_answered]
    assert len(answered) == len(load.calls) >= RATE
    assert [event.data["what"] for event in load.history.events("load")] == ["began", "ended"]
    assert load.history.events("load")[-1].data == {"what": "ended", "scheduled": len(load.calls), "unsent": 0}


def test_answers_are_counted(load: Load, server: Server) -> None:
    """Only whole answers count, and a load knows when it sends nothing more."""
    assert (load.answered(), load.end_of_schedule()) == (0, "the load has come to the end of its schedule")
    load.begin("model-a", OpenLoop(RATE))
    assert load.end_of_schedule() is None
    server.refusals = HICCUP
    eventually(lambda: server.refusals == 0, within=5, what="the server refused the requests")
    load.end()
    assert load.answered() == len(load.calls) - HICCUP
    assert load.end_of_schedule()


def test_open_loop_ignores_a_silent_server(load: Load, loop: LoopThread, server: Server) -> None:
    """An open loop keeps its schedule while the server does not answer."""
    load.begin("model-a", OpenLoop(RATE))
    loop.run(server.be_silent(True), 5)
    begun = await_more(load)
    await_more(load)
    assert not any(call.is_done for call in load.calls[begun + MORE // 2 : begun + MORE])
    loop.run(server.be_silent(False), 5)
    load.end()
    dues = [call.operation.intended_at or 0.0 for call in load.calls]
    gaps = {round(later - earlier, 6) for earlier, later in itertools.pairwise(dues)}
    assert gaps == {1 / RATE}


def test_open_loop_latency_counts_from_due_time(load: Load, loop: LoopThread, server: Server) -> None:
    """The time of a request counts from when it was due."""
    load.begin("model-a", OpenLoop(RATE))
    loop.run(server.be_silent(True), 5)
    begun = await_more(load)
    loop.run(server.be_silent(False), 5)
    load.end()
    first = load.calls[begun + 1].operation  # the one before it may have been answered just in time
    assert first_token_seconds(first) >= (MORE - 2) / RATE


def test_load_ends_once_recovered(load: Load) -> None:
    """The load continues after a removed fault until it is back to normal, and then it ends."""
    load.begin("model-a", OpenLoop(RATE))
    for what in ("injected", "removed"):
        load.history.record(Event(time.monotonic(), "fault", "worker-a", {"what": what, "fault": "SIGKILL"}))
    load.end_once_recovered()
    assert measure(load.history).recover is not None
    assert load.is_over


def test_ended_load_stays_ended(load: Load) -> None:
    """A load that has ended sends nothing more when a check asks for its recovery."""
    load.begin("model-a", OpenLoop(RATE))
    load.end()
    sent, began = len(load.calls), time.monotonic()
    load.end_once_recovered()
    assert len(load.calls) == sent
    assert time.monotonic() - began < load.timeouts.recovery


def test_leave_marks_requests_in_flight(load: Load, loop: LoopThread, server: Server) -> None:
    """A request in flight at the end of the scenario is marked as disconnected by its client."""
    load.begin("model-a", OpenLoop(RATE))
    loop.run(server.be_silent(True), 5)
    await_more(load)
    load.leave()
    assert all(call.is_done for call in load.calls)
    assert CLIENT_LEFT in {one.error for one in load.history.operations(LOAD)}


def test_second_load_is_refused(load: Load) -> None:
    """A scenario has one steady load."""
    load.begin("model-a", OpenLoop(RATE))
    with pytest.raises(UsageError, match="one steady load"):
        load.begin("model-a", OpenLoop(RATE))


def test_closed_loop_keeps_its_clients_in_flight(load: Load, loop: LoopThread, server: Server) -> None:
    """A closed loop has as many requests in flight as it has clients while the server does not answer."""
    load.begin("model-a", ClosedLoop(3))
    loop.run(server.be_silent(True), 5)
    eventually(lambda: load.in_flight() == 3, within=5, what="three requests in flight")
    sent = len(load.calls)
    loop.run(server.be_silent(False), 5)
    load.go_on("for a while")
    load.end()
    assert len(load.calls) > sent
    assert all(call.is_done for call in load.calls)


def test_closed_loop_requests_are_ordinary_chats(load: Load) -> None:
    """Checks of load requests ignore a closed loop, and checks of chats judge it."""
    load.begin("model-a", ClosedLoop(3))
    load.end()
    assert not load.history.operations(LOAD)
    assert not load.history.events("load")
    assert len(load.history.operations("chat")) == len(load.calls) == len(load.chats.calls)


@pytest.mark.parametrize("schedule", [OpenLoop(RATE), ClosedLoop(3)])
def test_load_continues(load: Load, schedule: Schedule) -> None:
    """Continuing for a while returns after requests that were sent since have ended."""
    load.begin("model-a", schedule)
    before = len(load.calls)
    load.go_on("for a while")
    assert sum(call.is_done for call in load.calls[before:]) >= min(10, schedule.batch(1.5)[0])
    assert set(CONTINUATIONS) == {"for a while", "until it is back to normal"}


def begin_and_recover(load: Load) -> float:
    """A load that is back to normal after a fault, and the time of the fault."""
    load.begin("model-a", OpenLoop(RATE))
    fault_at = time.monotonic()
    load.history.record(Event(fault_at, "fault", "worker-1", {"what": "injected", "fault": "a SIGKILL", "inject_seconds": 0.0}))
    load.go_on("until it is back to normal")
    return fault_at


def marks(load: Load) -> list[str]:
    return [event.data["what"] for event in load.history.events("load")]


def test_end_needs_no_more_requests_when_recovered(load: Load) -> None:
    """A load that is back to normal with its last requests ends at once."""
    begin_and_recover(load)
    load.end()
    assert marks(load) == ["began", "ended"]
    assert measure(load.history).recover == 0.0


def test_hiccup_at_the_end_is_followed_up(load: Load, server: Server) -> None:
    """After a hiccup in its last requests, the load goes on, and the time to recover reaches to the end of the hiccup."""
    fault_at = begin_and_recover(load)
    server.refusals = HICCUP
    eventually(lambda: server.refusals == 0, within=5, what="the server refused the requests")
    load.end()
    assert marks(load) == ["began", "resumed", "ended"]
    refused = [one for one in load.history.operations(LOAD) if not one.is_answered]
    assert len(refused) == HICCUP
    took = measure(load.history).recover
    assert took is not None and took > max(one.intended_at or 0.0 for one in refused) - fault_at


def test_late_load_at_the_end_is_followed_up(load: Load, loop: LoopThread) -> None:
    """A load that was late at its end goes on: its last windows are good only by its own lateness, which proves nothing."""
    begin_and_recover(load)

    async def stand_still() -> None:
        threading.Event().wait(0.6)  # within the loop of the load, as when the machine does not schedule it

    before = len(load.calls)
    loop.run(stand_still(), 5)
    # Without this condition, the end of the load can come before it has sent one late request.
    eventually(lambda: len(load.calls) >= before + MORE, within=5, what=f"{MORE} requests sent, most of them late")
    load.end()
    assert marks(load) == ["began", "resumed", "ended"]
    assert recovered(load.history, within=10.0, workers=3).answer is Answer.PASSED


def test_silence_at_the_end_is_followed_up(load: Load, loop: LoopThread, server: Server) -> None:
    """Last requests that hang make the load go on until they have ended and later ones are back to normal."""
    begin_and_recover(load)
    loop.run(server.be_silent(True), 5)
    await_more(load, HICCUP)

    async def talk_later() -> None:
        await asyncio.sleep(OBJECTIVE.window_seconds + 0.5)
        await server.be_silent(False)

    talking = loop.start(talk_later())
    load.end()
    talking.result(5)
    assert marks(load) == ["began", "resumed", "ended"]
    assert (measure(load.history).recover or 0.0) > OBJECTIVE.window_seconds


def test_lasting_relapse_fails(load: Load, server: Server) -> None:
    """A system that does not recover from a relapse at the end fails, after the whole time for it."""
    fault_at = begin_and_recover(load)
    server.refusals = math.inf
    await_more(load, HICCUP)
    load.end()
    assert time.monotonic() - fault_at >= RECOVERY_SECONDS
    verdict = recovered(load.history, within=RECOVERY_SECONDS, workers=3)
    assert verdict.answer is Answer.FAILED and "not in" in verdict.message


def test_end_without_recovery_asked_ends_at_once(load: Load, server: Server) -> None:
    """A load that no step continues until it is back to normal ends whatever its last requests show."""
    load.begin("model-a", OpenLoop(RATE))
    load.history.record(Event(time.monotonic(), "fault", "worker-1", {"what": "injected", "fault": "a SIGKILL", "inject_seconds": 0.0}))
    load.go_on("for a while")
    server.refusals = math.inf
    await_more(load, HICCUP)
    load.end()
    assert marks(load) == ["began", "ended"]
    assert recovered(load.history, within=RECOVERY_SECONDS, workers=3).answer is Answer.INCONCLUSIVE
