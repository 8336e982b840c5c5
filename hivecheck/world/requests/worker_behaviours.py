"""What workers do with a request, by the words of Gherkin. The bundled worker reads it from the request's header X-Simulate."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hivecheck.errors import UsageError

# Error objects of another API, as of a FastAPI server in front of the model.
FOREIGN_RESPONSES = {f"a foreign {status} response": f"fault=foreign_status:{status}" for status in (408, 429, 502, 503, 504)}
BEHAVIOURS: dict[str, str] = {
    "no fault": "tokens=4",
    "a 400 response": "fault=status:400",
    "a 408 response": "fault=status:408",
    "a 409 response": "fault=status:409",
    "a 422 response": "fault=status:422",
    "a compressed 422 response": "fault=status:422;header=Content-Encoding: gzip",
    "a compressed response": "header=Content-Encoding: gzip",
    "a 429 response": "fault=status:429",
    "a 500 response": "fault=status:500",
    "a 503 response": "fault=status:503",
    **FOREIGN_RESPONSES,
    "a hang": "fault=hang",
    "a crash": "fault=exit:1",
    "a stall in mid-stream": "itl=0.01;fault=stall_after:3",
    "a connection reset": "fault=reset",
    "a connection reset in mid-stream": "itl=0.01;fault=reset_after:3",
    # An event has about 220 bytes, so the cut falls into the fourth or fifth one.
    "a cut in mid-event": "itl=0.01;fault=cut_at:1000",
    "no end marker": "itl=0.01;fault=no_done_after:3",
    "two end markers": "fault=double_done",
    "a connection reset after the end marker": "itl=0.01;fault=reset_after_done",
    "only the end marker missing": "fault=no_done",
    "a repeated token": "fault=repeat_token:2",
    "two tokens in the wrong order": "fault=swap_tokens:2",
    "a pause of 2.5 seconds in mid-stream": "itl=2.5;tokens=2",
    "no usage": "fault=no_usage",
    "an error event": "fault=error_event_after:2",
    "a chunk of invalid JSON": "fault=bad_json_after:2",
    "a chunk of 2 MiB": "fault=oversized_chunk:2048",
    "a wrong content type": "fault=wrong_type",
    "slow headers": "fault=slow_headers:100",
    "a slow body": "fault=slow_drip:1",
    # Slower than any limit on the whole response.
    "a body that never ends": "fault=slow_drip:100",
    "a slow stream": "itl=0.25;tokens=40",
}
WORK = re.compile(r"(\d+(?:\.\d+)?) seconds of work")
PACE = re.compile(r"a token every (\d+(?:\.\d+)?) seconds")
AT = re.compile(r"(.+) at (worker-[a-z0-9-]+)")
WORDS = "|".join([*map(re.escape, BEHAVIOURS), *(pattern.pattern.replace("(\\d", "(?:\\d", 1) for pattern in (WORK, PACE))])


@dataclass(frozen=True)
class Pattern:
    """A request that stays under way. `first_tokens` have arrived, `seconds` have passed when the client goes on to its next step."""

    simulate: str
    is_stream: bool = True
    tokens: int = 4
    first_tokens: int = 3
    seconds: float = 0.0
    timeout_seconds: float | None = None  # None: the `request` budget


# Slow enough for a fault in its middle, short enough to wait for its end.
SLOW_TOKENS, SLOW_PACE = 30, "itl=0.05"
STREAM = Pattern(SLOW_PACE, tokens=SLOW_TOKENS)
STALLED_STREAM = replace(STREAM, simulate="fault=stall_after:2", first_tokens=2)
# Twelve seconds: there is a middle even where each fault takes seconds, and the end comes before the `request` budget.
LONG_STREAM = replace(STREAM, tokens=240)
# Longer than any scenario, for a stream that is cut at a given age.
ENDLESS_STREAM = replace(STREAM, tokens=10_000, first_tokens=1)
# Longer than the `pause detection` budget, and the worker's health check fails all the while.
FALSELY_UNHEALTHY_STREAM = replace(STREAM, simulate="itl=0.08;fault=sick", tokens=45)
# They outlast the `request` budget, for a scenario that measures beside one. Two hundred tokens a second, so that a process that keeps
# them grows by 50 KiB or more in each cycle of a second.
MINUTES_STREAM = replace(STREAM, simulate="itl=0.005", tokens=24_000, first_tokens=1, timeout_seconds=180.0)
TEN_MINUTES_STREAM = replace(MINUTES_STREAM, tokens=120_000, timeout_seconds=720.0)
STREAMS: dict[str, Pattern] = {
    "": STREAM,
    ", with a response of two minutes": MINUTES_STREAM,
    ", with a response of ten minutes": TEN_MINUTES_STREAM,
    ", with a long response": LONG_STREAM,
    ", with failing health checks": FALSELY_UNHEALTHY_STREAM,
}
AGE = re.compile(r", with a response that has run for (\d+(?:\.\d+)?) seconds")
WAITS: dict[str, Pattern] = {
    "": Pattern("ttft=1.0", is_stream=False),
    ", with a slow response": Pattern("ttft=4.0", is_stream=False),
    ", with failing health checks": Pattern("ttft=10;fault=sick", is_stream=False),
}
# Where a request of a batch is when its client disconnects.
PHASES: dict[str, Pattern] = {
    "waiting for a response": Pattern(BEHAVIOURS["a hang"], is_stream=False, first_tokens=0),
    "waiting for a stream": Pattern(BEHAVIOURS["a hang"], first_tokens=0),
    "streaming": Pattern(BEHAVIOURS["a slow stream"], first_tokens=2),
    "stalled in mid-stream": Pattern(BEHAVIOURS["a stall in mid-stream"], first_tokens=3),
}
QUEUED = re.compile(r"queued behind (\d+) running requests")
# Far longer than the steps from its start to the disconnect take on a busy machine. Else the queued request gets a slot before that.
QUEUED_REQUEST = Pattern("ttft=6.0", is_stream=False, first_tokens=0)


def simulation(words: str) -> str:
    """The header X-Simulate for `<behaviour>` or `<behaviour> at <worker>`; empty for no words. Raises UsageError for unknown ones."""
    if at := AT.fullmatch(words):
        return f"at={at[2]};{simulation(at[1])}"
    if work := WORK.fullmatch(words):
        return f"ttft={work[1]}"
    if pace := PACE.fullmatch(words):
        return f"itl={pace[1]}"
    if words and words not in BEHAVIOURS:
        raise UsageError(f"There is no worker behaviour {words!r}. Known: {', '.join(BEHAVIOURS)}.")
    return BEHAVIOURS[words] if words else ""


def stream_pattern(words: str) -> Pattern:
    """The pattern of a stream under way, by its suffix in Gherkin."""
    age = AGE.fullmatch(words)
    return replace(ENDLESS_STREAM, seconds=float(age[1])) if age else STREAMS[words]
