"""What the benchmark calls a whole stream."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from hivecheck.settings import PROJECT_ROOT


def _benchmark(name: str) -> ModuleType:
    """A benchmark is a script: it is in no package."""
    spec = importlib.util.spec_from_file_location(name, PROJECT_ROOT / "benchmarks" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


streams = _benchmark("many_streams")
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def answer(events: list[str], *, head: bytes = HEAD, end: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [f"data: {event}\n\n".encode() for event in events]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def token(text: str, finish: str = "null") -> str:
    return f'{{"choices": [{{"delta": {{"content": "{text}"}}, "finish_reason": {finish}}}]}}'


WHOLE = [*(token(text) for text in streams.EXPECTED), token("", '"stop"'), "[DONE]"]


def test_whole_stream() -> None:
    """A whole stream has no fault."""
    assert streams.fault_of(answer(WHOLE)) is None


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (answer(WHOLE, head=b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), "status"),
        (answer(WHOLE, end=b""), "no end of the body"),
        (answer(WHOLE[:-1]), "no end marker"),
        (answer([*WHOLE, "[DONE]"]), "no end marker, or not once"),
        (answer(WHOLE[1:]), "tokens: 19 of 20"),
        (answer([WHOLE[1], WHOLE[0], *WHOLE[2:]]), "not in order"),
        (answer([WHOLE[0], *WHOLE]), "tokens: 21 of 20"),
        (answer([*WHOLE[:-2], "[DONE]"]), "no finish reason"),
        (answer(['{"error": {"code": "upstream_timeout"}}', "[DONE]"]), "error event"),
    ],
)
def test_incomplete_stream(broken: bytes, reason: str) -> None:
    """A missing or an extra part of a stream is a fault."""
    assert reason in streams.fault_of(broken)


def test_concurrency_count() -> None:
    """The highest concurrency counts from the request to the end."""
    made = [streams.Stream(0.0, 2.0, None), streams.Stream(1.0, 3.0, None), streams.Stream(2.0, 4.0, None)]
    assert streams.most_at_once(made) == 2
