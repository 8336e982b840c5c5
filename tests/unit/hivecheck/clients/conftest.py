"""A scripted gateway, and the client that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_gateway import ScriptedGateway

from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.history import History
from hivecheck.loop_thread import LoopThread


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


@pytest.fixture
def gateway(loop: LoopThread) -> Iterator[ScriptedGateway]:
    scripted = ScriptedGateway(loop).start()
    yield scripted
    scripted.close()


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def client(loop: LoopThread, gateway: ScriptedGateway, history: History) -> Iterator[OpenAIClient]:
    opened = OpenAIClient(gateway.url, loop, history, timeout_seconds=5)
    yield opened
    opened.close()
