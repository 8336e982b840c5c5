"""The parameter types of the steps about requests: phrases that choose a variant, and optional suffixes of a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hivecheck.world.observations.usage import VIEWS
from hivecheck.world.phrases import one_of
from hivecheck.world.requests import expectations, requests, worker_behaviours
from hivecheck.world.requests.batches import KINDS as BATCH_KINDS
from hivecheck.world.requests.chats import COMPLETE, RUNNING
from hivecheck.world.requests.credentials import CREDENTIALS, EXPIRED, RESIGNED, TOKEN
from hivecheck.world.requests.hostile import SCENES
from hivecheck.world.requests.malformed import MALFORMED
from hivecheck.world.requests.sdk import SDK_CALLS, SDK_ERRORS
from hivecheck.world.requests.sessions import EVERY, HELD, HOLDINGS, ONE, holding

WORKER = r"worker-[a-z0-9-]+|the worker serving the request|that worker"


def _plain(pattern: re.Pattern[str]) -> str:
    """A pattern without capturing groups."""
    # behave's matcher counts groups to find the parameters of a step.
    return re.sub(r"\((?!\?)", "(?:", pattern.pattern)


def _first_number(text: str) -> int:
    return int(re.findall(r"\d+", text)[0])


def _kind(text: str) -> str:
    return text.removesuffix("s")


def _suffix(before: str, after: str = "") -> Callable[[str], str | None]:
    """Takes what a suffix of a step holds out of it: None when the step has no suffix."""
    return lambda text: text.removeprefix(before).removesuffix(after) or None


def _refusal(text: str) -> dict[str, Any]:
    if text == RETRY_AFTER:
        return {"has_retry_after": True}
    param = text.removeprefix(NAMING)
    return {"param": None if param == "nothing" else param} if text else {}


def _hits(text: str) -> tuple[int, int] | None:
    if text == ONE_EACH:
        return None
    least, most = map(int, re.findall(r"\d+", text)) if text != NO_UPSTREAM else (0, 0)
    return least, most


def _share(text: str) -> float:
    return _first_number(text) / (100 if "percent" in text else 1)


def _staying(text: str) -> dict[str, Any]:
    return {"failed_turns" if "failed" in text else "spread": _first_number(text)}


def _raised(text: str) -> dict[str, Any]:
    calls, most = map(int, re.findall(r"\d+", text)) if text != NO_UPSTREAM else (0, 0)
    return {"calls": calls, "most": most}


NO_UPSTREAM, ONE_EACH = ", before any upstream request", ", after one upstream request each"
NAMING, RETRY_AFTER = ", naming ", ", with a Retry-After header"
_CREDENTIAL = f"{one_of((*CREDENTIALS, EXPIRED, RESIGNED))}|{_plain(TOKEN)}"

REQUEST_TYPES: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "Client": (
        rf"a client(?: with (?:{_CREDENTIAL}))?",
        lambda text: text.removeprefix("a client").removeprefix(" with ") or "a valid key",
        "`a client`, with a valid key or with another credential",
    ),
    "MalformedRequest": (one_of(MALFORMED), str, "the defect of a request"),
    "Attack": (one_of(SCENES), str, "what a hostile client sends"),
    "WithStatus": (
        r"(?: with status \d+)?",
        lambda text: {"status": _first_number(text)} if text else {},
        "` with status <n>`, or nothing",
    ),
    "SdkCall": (one_of(SDK_CALLS), str, "what the SDK requests"),
    "SdkErrorCase": (one_of(SDK_ERRORS), str, "what makes a call of the SDK fail"),
    "Raised": (
        rf"{NO_UPSTREAM}|, after \d+ calls? and at most \d+ upstream requests?",
        _raised,
        "how often the SDK called the gateway, and the gateway called workers",
    ),
    "Exception": (r"[A-Z][A-Za-z]+Error", str, "an exception of the openai package"),
    "Of": (rf"(?:{expectations.OF_BATCH})?", str, "which requests: ` of the batch`, or nothing for all"),
    "Attempted": (
        rf"(?:{one_of((expectations.OF_BATCH, expectations.AFTER_KILL, expectations.AT_ONE_WORKER))})?",
        str,
        "which requests: ` of the batch`, ` sent after the kill`, ` for a model with one worker`, or nothing for all",
    ),
    "Total": (r"(?:, \d+ in total)?", lambda text: _first_number(text) if text else None, "`, <n> in total`, or nothing"),
    "Streams": (one_of((expectations.EVERY_STREAM, expectations.KILLED_STREAMS)), str, "which streams broke off"),
    "Lasting": (one_of((expectations.EVERY_STREAM, expectations.ONE_STREAM)), expectations.ONE_STREAM.__eq__, "every stream, or one"),
    "Event": (r"(?: with error event [a-z_]+)?", _suffix(" with error event "), "` with error event <code>`, or nothing"),
    "Latency": (one_of(expectations.LATENCIES), str, "a latency"),
    "Refusal": (rf"(?:{NAMING}[a-z_\[\]0-9.]+|{RETRY_AFTER})?", _refusal, "the parameter at fault (or `nothing`), or a Retry-After header"),
    "Hits": (
        rf"{ONE_EACH}|{NO_UPSTREAM}|, after \d+ to \d+ upstream requests",
        _hits,
        "how many upstream requests the gateway sent before",
    ),
    "TimeLimit": (
        r"[a-z ]+? time|time that the gateway promises",
        lambda text: None if text.endswith("promises") else text.removesuffix(" time"),
        "a time budget, or the time to the first byte that the gateway promises",
    ),
    "Kind": (
        "|".join(f"{kind}s?" for kind in dict.fromkeys((*BATCH_KINDS, *requests.KINDS))),
        _kind,
        "a kind of requests",
    ),
    "RequestCount": (r"\d+ requests?", _first_number, "a number of requests"),
    "Phase": (
        rf"{one_of(worker_behaviours.PHASES)}|{_plain(worker_behaviours.QUEUED)}",
        str,
        "the phase of a request when its client disconnects",
    ),
    "Group": (one_of((requests.BATCH, requests.DIRECT, requests.SESSION)), str, "the clients of which requests"),
    "Simulating": (
        rf"(?:, simulating (?:{worker_behaviours.WORDS})(?: at worker-[a-z0-9-]+)?)?",
        lambda text: worker_behaviours.simulation(text.removeprefix(", simulating ")),
        "`, simulating <behaviour>` of the workers, or nothing",
    ),
    "WithUsage": (
        r"(?: with usage| declining usage)?",
        lambda text: text == " with usage" if text else None,
        "` with usage`, ` declining usage`, or nothing",
    ),
    "Extras": (one_of((requests.UNKNOWN, requests.VERBATIM, requests.VERBATIM_STREAM)), str, "parts that the gateway must pass through"),
    "StreamPattern": (
        rf"(?:{_plain(worker_behaviours.AGE)}|{one_of(filter(None, worker_behaviours.STREAMS))})?",
        worker_behaviours.stream_pattern,
        "a stream that is not an ordinary one, or nothing",
    ),
    "WaitPattern": (rf"(?:{one_of(filter(None, worker_behaviours.WAITS))})?", str, "a response that is not an ordinary one, or nothing"),
    "AbortedStream": (
        r"(?:stalled )?streams?",
        lambda text: worker_behaviours.STALLED_STREAM if text.startswith("stalled") else worker_behaviours.STREAM,
        "streams, or stalled streams",
    ),
    "ResponseState": (one_of((COMPLETE, RUNNING)), str, "the state of a response"),
    "Offers": (
        r"offers|still offers|no longer offers|does not offer",
        lambda text: not text.startswith(("no longer", "does not")),
        "whether the gateway lists a model and describes it",
    ),
    "ServedBy": (
        rf"exactly one worker of its model|{WORKER}",
        lambda text: "" if text.startswith("exactly") else text,
        "a worker, or any one of the model",
    ),
    "Receivers": (rf"{expectations.ALL_WORKERS}|{WORKER}", str, "a worker, or all of them"),
    "Servers": (r"hive|worker of model-[a-z0-9-]+", str, "hives, or the workers of a model"),
    "Share": (r"\d+ (?:percent )?of the requests", _share, "a share or a number of the requests"),
    "AtOnce": (
        r"requests of the batch at once|requests? at once, while others waited",
        lambda text: expectations.OF_BATCH if "batch" in text else "",
        "which requests were handled at the same time",
    ),
    "Tiers": (one_of((expectations.HIVE, expectations.TIERS)), str, "the logs of some tiers"),
    "SessionCount": (r"\d+ sessions?", _first_number, "a number of sessions"),
    "Holding": (rf"(?:{_plain(HELD)}|{one_of(filter(None, HOLDINGS))})?", holding, "sessions that are not ordinary ones, or nothing"),
    "Which": (one_of((EVERY, ONE)), str, "every session, or one"),
    "Staying": (
        r", and the sessions use at least \d+ workers|, despite \d+ failed turns?",
        _staying,
        "how many workers there are, or how many turns failed",
    ),
    "Direction": (
        rf"{expectations.AWAY}|to worker-[a-z0-9-]+, and some forgotten sessions did",
        lambda text: text.removeprefix("to ").removesuffix(", and some forgotten sessions did"),
        "away from the killed worker, or to a worker that joined",
    ),
    "Counter": (r"its worker|the gateway", lambda text: text == "the gateway", "what counted the tokens"),
    "Tenant": (r"no tenant|tenant [a-z]+", lambda text: text.removeprefix("tenant ") if text != "no tenant" else None, "a tenant, or none"),
    "UsageView": (one_of(VIEWS), str, "what the usage API shows"),
}
