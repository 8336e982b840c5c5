"""Parameter types of load, faults, readings and security. `parameter_types.py` registers them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from hivecheck.load import slo
from hivecheck.protocol.sample import Outcome
from hivecheck.world import load_runs
from hivecheck.world.load import CONTINUATIONS, PACE, ClosedLoop, OpenLoop, Schedule
from hivecheck.world.observations.cycles import ENDINGS
from hivecheck.world.observations.metrics import COUNTS, PRESENCE, RECORDS
from hivecheck.world.observations.observations import CLOSED, LEAKS, READINGS
from hivecheck.world.observations.security import SANDBOX_RULES, SOCKET_RULES
from hivecheck.world.phrases import names, one_of


def _words(table: Iterable[str]) -> tuple[str, Callable[[str], Any]]:
    """A type that takes the phrases of a table as they are."""
    return one_of(table), str


def _number(text: str) -> float | None:
    """The number in an optional suffix. None where the suffix is empty."""
    found = re.search(r"\d+(?:\.\d+)?", text)
    return float(found[0]) if found else None


def _percent(text: str) -> float | None:
    number = _number(text)
    return None if number is None else number / 100


def _schedule(text: str) -> Schedule:
    number, _, unit = text.partition(" ")
    return ClosedLoop(int(number)) if unit == "clients" else OpenLoop(int(number))


METRICS = ("ttft, itl, tpot and e2e", "ttft, itl, tpot, e2e and throughput", "lateness, ttft and throughput")


def _limit(text: str) -> dict[str, float]:
    """The limits of a comparison: a share of the other figure, or a difference in seconds."""
    numbers = [float(number) for number in re.findall(r"\d+", text)]
    if text.endswith("above"):
        return {"added_seconds": numbers[0] / 1000}
    return {"least": numbers[0] / 100 if len(numbers) > 1 else 0.0, "most": numbers[-1] / 100}


# An optional type matches the empty text, so one step serves the sentence with and without the suffix.
LOAD_TYPES: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "Duration": (r"(?: for \d+(?:\.\d+)? seconds)?", _number, "nothing, or how long the fault lasts"),
    "LoadSchedule": (
        r"\d+ requests per second|\d+ clients",
        _schedule,
        "an open loop, which sends load requests at a rate, or a closed loop of clients, which send ordinary requests",
    ),
    "LoadPace": (
        r"(?:, at the workers' own pace)?",
        lambda text: "" if text else PACE,
        "nothing for a fixed simulated pace, or the pace of the workers' settings",
    ),
    "LoadUntil": (*_words(CONTINUATIONS), "how long the load continues"),
    "Ending": (*_words(ENDINGS), "nothing for complete responses, or how the requests of each cycle end"),
    "LoadShape": (
        "|".join(pattern.pattern.replace("(?:", "(").replace("(", "(?:") for pattern in load_runs.FORMS),
        load_runs.shape_of,
        "an open loop of requests per second, a closed loop of clients, or users whose number changes",
    ),
    "LoadKind": (
        f"(?:{one_of(sorted(load_runs.KINDS, key=len, reverse=True))})",
        lambda text: load_runs.KINDS[text],
        "which requests the load sends, or nothing: half of them are streams",
    ),
    "LoadTimes": (r"(?:, \d+ times)?", lambda text: int(_number(text) or 1), "`, <n> times`, or nothing: once"),
    "LoadBefore": (r"(?: before)?", lambda text: 2 if text else 1, "` before`, or nothing: the last load"),
    "Objectives": (r'[^"]+', slo.parse, "objectives such as `ttft_p99<0.5, error_rate<0.01`"),
    "LoadMetrics": (one_of(METRICS), names, "figures of the load"),
    "LoadOutcome": (one_of(Outcome), str, "the class of a request's outcome"),
    "LoadFigure": (r"(?:mean|p50|p95|p99|max) (?:ttft|itl|tpot|e2e)", str.split, "a figure of a latency"),
    "LoadLimit": (
        r"at most \d+ percent of|\d+ to \d+ percent of|at most \d+ ms above",
        _limit,
        "limits as a share, or as a difference",
    ),
    "Moment": (r"the fault|the removal", lambda text: text == "the removal", "the moment from which recovery is measured"),
    "TimeShare": (
        r"(?:, which took at most \d+ percent of that time)?",
        _percent,
        "nothing, or a limit on the other model's median as a share of the slow response",
    ),
    "Reading": (*_words(READINGS), "a value that is noted for a later comparison"),
    "ComparedConnection": (*_words(CLOSED), "connections, compared with noted ones"),
    "RequestRecord": (*_words(RECORDS), "a record of each request in logs and metrics"),
    "Presence": (*_words(PRESENCE), "whether the metrics name the worker"),
    "MetricCount": (*_words(COUNTS), "what the metrics must count"),
    "SocketRule": (*_words(SOCKET_RULES), "a rule for listening sockets"),
    "SandboxRule": (*_words(SANDBOX_RULES), "a rule for the processes of a service"),
    "Leak": (*_words(LEAKS), "content from clients that must not appear in output"),
}
