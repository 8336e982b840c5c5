"""The parameter types of the steps. Each has a pattern, so a step never takes a bare `{thing}`. Knows behave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from behave import register_type

from hivecheck.bdd.cluster_types import CLUSTER_TYPES
from hivecheck.faults import FAULTS
from hivecheck.world.observations.security import INTERNAL_CALLS
from hivecheck.world.requests.credentials import CREDENTIALS
from hivecheck.world.requests.direct import ODDITIES, QUIRKS
from hivecheck.world.requests.hostile import ATTACKS
from hivecheck.world.requests.leavers import PHASES
from hivecheck.world.requests.malformed import MALFORMED
from hivecheck.world.requests.sdk import SDK_ERRORS
from hivecheck.world.requests.worker_behaviours import BEHAVIOURS


def _typed(pattern: str, convert: Callable[[str], Any] = str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        return convert(text)

    parse.pattern = pattern  # type: ignore[attr-defined]
    return parse


def _names(text: str) -> list[str]:
    return re.split(r", | and ", text)


def _one_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in words)


_TARGET = (
    r"the worker serving the request|that worker|one worker of model-[a-z0-9-]+|half the workers(?: of model-[a-z0-9-]+)?"
    r"|every worker of (?:hive-[0-9]+|model-[a-z0-9-]+)|(?:registry|orchestrator|hub|hive-[0-9]+|worker-[a-z0-9-]+)"
)
_MODEL_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]*"

TYPES: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "Model": (r"model-[a-z0-9-]+", str, "a model's name"),
    "Models": (r"model-[a-z0-9-]+(?:(?:, | and )model-[a-z0-9-]+)*", _names, "one or more models"),
    "ModelName": (_MODEL_NAME, str, "what a client calls a model: a name, a UUID, a repository id, `organisation/code`"),
    "ModelNames": (rf"{_MODEL_NAME}(?:(?:, | and ){_MODEL_NAME})*", _names, "one or more of these"),
    "Worker": (r"worker-[a-z0-9-]+|the worker serving the request|that worker", str, "a worker's id, or a way to point at one"),
    "Hive": (r"hive-[0-9]+", str, "a hive's name"),
    "Budget": (r"[a-z ]+?", str, "a time budget's name"),
    "Within": (r"(?: within the [a-z ]+? time)?", lambda text: text[12:-5], "a time budget, as ` within the <name> time`, or nothing: now"),
    "Credential": (_one_of(CREDENTIALS), str, "who a client claims to be"),
    "MalformedRequest": (_one_of(MALFORMED), str, "what is wrong with a request"),
    "Attack": (_one_of(ATTACKS), str, "what an intruder sends"),
    "SdkErrorCase": (_one_of(SDK_ERRORS), str, "what makes a call of a client library fail"),
    "Exception": (r"[A-Z][A-Za-z]+Error", str, "an exception of the openai package"),
    "InternalCall": (_one_of(INTERNAL_CALLS), str, "a service-to-service call"),
    "Path": (r"/v1/[a-z/]+", str, "a path of the API"),
    "Code": (r"[a-z_]+", str, "an error code"),
    "Parameter": (r"[a-z_\[\]0-9.]+", lambda text: None if text == "nothing" else text, "a parameter's name, or `nothing`"),
    "Health": (r"healthy|degraded|unhealthy", str, "a service's health as it reports it"),
    "WorkerState": (r"starting|alive|hung|draining|dead|fatal", str, "a worker's state at its hive"),
    "Oddity": (_one_of(ODDITIES), str, "what a worker does that no gateway can mend"),
    "Quirk": (_one_of(QUIRKS), str, "how a worker sends a stream"),
    "Key": (r"[a-z_.]+", str, "a setting's name"),
    "Value": (r"\S+", str, "a setting's value"),
    "Accepted": (r"\S.*", str, "the accepted form of a setting"),
    "Name": (r"[a-z]+", str, "a person's or a tenant's name"),
    "Mishap": (_one_of(BEHAVIOURS), str, "what a chat meets at its worker"),
    "Phase": (_one_of(PHASES), str, "where a request stands when its client leaves"),
    "Fault": (_one_of(FAULTS), str, "a fault: what happens to whom it strikes"),
    "FaultTarget": (_TARGET, str, "whom a fault strikes: a node, a worker, or a way to point at some"),
    **CLUSTER_TYPES,
    "Number": (r"\d+", int, "a whole number"),
    "Seconds": (r"\d+(?:\.\d+)?", float, "seconds"),
}


def register() -> None:
    """Make the types known to behave's step matcher."""
    register_type(**{name: _typed(pattern, convert) for name, (pattern, convert, _) in TYPES.items()})
