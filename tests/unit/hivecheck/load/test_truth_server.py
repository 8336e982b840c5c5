"""The truth server and the handler of a sample: each planted defect is found, and none in a whole answer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import uvloop

from hivecheck.load.truth_server import DEFECTS, STALL_SECONDS, Truth
from hivecheck.protocol.answer import Expectations, SampleHandler
from hivecheck.protocol.http1 import RequestHead
from hivecheck.protocol.origin import Origin
from hivecheck.protocol.pool import Pool
from hivecheck.protocol.sample import Outcome, Sample

FOUND = {
    "": Outcome.COMPLETE,
    "duplicate": Outcome.DUPLICATED,
    "reorder": Outcome.REORDERED,
    "lose": Outcome.TRUNCATED,
    "error": Outcome.ERROR_EVENT,
    "garbage": Outcome.MALFORMED,
    "cut": Outcome.TRUNCATED,
    "end": Outcome.TRUNCATED,
    "unterminated": Outcome.UNTERMINATED,
    "usage": Outcome.USAGE_MISMATCH,
    "stall": Outcome.COMPLETE,  # of an engine without a stall limit
    "hang": Outcome.HUNG,
    "refuse": Outcome.REFUSED,
    "close": Outcome.CONNECTION,
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "hivecheck.load.truth_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield int(server.stdout.readline())
        server.stdin.close()
        assert server.wait(30) == 0


def sample_of(port: int, truth: str, seconds: float = 30.0, *, is_stream: bool = True) -> Sample:
    async def send() -> Sample:
        loop = asyncio.get_running_loop()
        pool, ended = Pool(loop), loop.create_future()
        head = RequestHead("POST", "/v1/chat/completions", "truth", {"X-Truth": truth, "X-Request-Id": truth})
        body = json.dumps({"stream": is_stream, "max_tokens": 8}).encode()
        begun = Sample(0, is_stream=is_stream)
        begun.sent_at = time.monotonic()
        handler = SampleHandler(begun, ended.set_result, Expectations(is_numbered=is_stream))
        pool.send(Origin(False, "127.0.0.1", port), head.bytes(body), handler, seconds)
        sample: Sample = await ended
        await pool.close()
        return sample

    return uvloop.run(send())


def test_all_defects_are_expected() -> None:
    """The table of this test has each defect of the server."""
    assert FOUND.keys() == DEFECTS.keys()


@pytest.mark.parametrize("pace", ["", "ttft=0.01;itl=0.002"])
@pytest.mark.parametrize("defect", [defect for defect in FOUND if defect not in ("stall", "hang")])
def test_defect_is_found(port: int, defect: str, pace: str) -> None:
    """Each defect gives a sample of its class, whether the tokens come at once or one by one."""
    assert sample_of(port, f"{pace};defect={defect};at=3").outcome is FOUND[defect]


def test_hang_is_found(port: int) -> None:
    """A stream without an end is hung at its deadline."""
    sample = sample_of(port, "defect=hang;at=2", 1.0)
    assert (sample.outcome, sample.finish_reason) == (Outcome.HUNG, None)


@pytest.mark.parametrize(("truth", "seconds"), [("ttft=0.05;itl=0.01", 0.05 + 7 * 0.01), ("defect=stall", STALL_SECONDS)])
def test_no_time_before_the_truth(port: int, truth: str, seconds: float) -> None:
    """The last token of a slow stream arrives at its planned time at the earliest."""
    sample = sample_of(port, truth)
    assert (sample.outcome, sample.chunks) == (Outcome.COMPLETE, 8)
    assert sample.last_token_at - sample.sent_at >= seconds


def test_unary(port: int) -> None:
    """A unary answer has a finish reason and a usage."""
    sample = sample_of(port, "", is_stream=False)
    assert (sample.outcome, sample.finish_reason, sample.completion_tokens) == (Outcome.COMPLETE, "stop", 8)


@pytest.mark.parametrize("words", ["defect=unknown", "speed=1", "ttft=x"])
def test_unknown_truth(words: str) -> None:
    """An unknown declaration is refused."""
    with pytest.raises(ValueError, match=r"expected|could not convert"):
        Truth.parse(words)
