"""The steady load keeps its schedule whatever becomes of its requests, and their times count from when they were due."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.errors import UsageError
from hivecheck.history import CLIENT_LEFT, History
from hivecheck.loop_thread import LoopThread
from hivecheck.measurement.recovery import LOAD, first_token_seconds
from hivecheck.stack.secrets import Secrets
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually
from hivecheck.world.load import Load

RATE = 50.0
MORE = 20


@dataclass
class Server:
    """Answers every request with an empty object, and none while it is silent."""

    port: int = 0
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
    listening.close()


@pytest.fixture
def load(loop: LoopThread, server: Server) -> Iterator[Load]:
    history, timeouts = History(), Timeouts()
    gateway = OpenAIClient(f"http://127.0.0.1:{server.port}", loop, history, timeouts.request)
    made = Load(gateway, Secrets(), history, timeouts, loop)
    yield made
    made.leave()
    gateway.close()


def await_more(load: Load, more: int = MORE) -> int:
    """Return when so many more were sent; where they begin."""
    before = len(load.calls)
    eventually(lambda: len(load.calls) >= before + more, within=20, what=f"{more} more requests sent")
    return before


def test_it_begins_with_a_baseline_and_ends_with_nothing_under_way(load: Load) -> None:
    load.begin("model-a", RATE)
    load.end()
    answered = [probe for probe in load.history.operations(LOAD) if probe.is_answered]
    assert len(answered) == len(load.calls) >= RATE
    assert [event.data["what"] for event in load.history.events("load")] == ["began", "ended"]
    assert load.history.events("load")[-1].data == {"what": "ended", "scheduled": len(load.calls), "unsent": 0}


def test_a_server_that_falls_silent_stops_nobody_from_asking(load: Load, loop: LoopThread, server: Server) -> None:
    load.begin("model-a", RATE)
    loop.run(server.be_silent(True), 5)
    begun = await_more(load)
    await_more(load)
    assert not any(call.is_done for call in load.calls[begun + MORE // 2 : begun + MORE])
    loop.run(server.be_silent(False), 5)
    load.end()
    dues = [call.operation.intended_at or 0.0 for call in load.calls]
    gaps = {round(later - earlier, 6) for earlier, later in itertools.pairwise(dues)}
    assert gaps == {1 / RATE}


def test_who_had_to_wait_waited_since_it_was_due(load: Load, loop: LoopThread, server: Server) -> None:
    load.begin("model-a", RATE)
    loop.run(server.be_silent(True), 5)
    begun = await_more(load)
    loop.run(server.be_silent(False), 5)
    load.end()
    first = load.calls[begun + 1].operation  # the one before it may have been answered just in time
    assert first_token_seconds(first) >= (MORE - 2) / RATE


def test_whoever_waits_when_it_leaves_is_told_apart(load: Load, loop: LoopThread, server: Server) -> None:
    load.begin("model-a", RATE)
    loop.run(server.be_silent(True), 5)
    await_more(load)
    load.leave()
    assert all(call.is_done for call in load.calls)
    assert CLIENT_LEFT in {probe.error for probe in load.history.operations(LOAD)}


def test_there_is_one_steady_load_in_a_scenario(load: Load) -> None:
    load.begin("model-a", RATE)
    with pytest.raises(UsageError, match="one steady load"):
        load.begin("model-a", RATE)
