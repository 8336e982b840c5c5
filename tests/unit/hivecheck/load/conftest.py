"""Servers for the tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from recording_server import RecordingServer

from hivecheck.load.calibration import truth_server
from hivecheck.loop_thread import LoopThread


@pytest.fixture(scope="module")
def truth_url() -> Iterator[str]:
    """A truth server that answers at once."""
    with truth_server(0.0, 0.0) as url:
        yield url


@pytest.fixture
def recorder() -> Iterator[RecordingServer]:
    """A server that keeps what it received."""
    with LoopThread() as loop:
        yield RecordingServer(loop).start()
