"""The parameter types of the steps. Each has a pattern, so a step never takes a bare `{thing}`. Knows behave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from behave import register_type

from hivecheck.bdd.cluster_types import CLUSTER_TYPES
from hivecheck.bdd.load_types import LOAD_TYPES
from hivecheck.bdd.request_types import REQUEST_TYPES, WORKER
from hivecheck.faults import FAULTS
from hivecheck.world.phrases import names, one_of


def _typed(pattern: str, convert: Callable[[str], Any] = str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        return convert(text)

    # The parse library takes the pattern of a type from this attribute. Without it, the type matches `.+?`, that is any text.
    parse.pattern = pattern  # type: ignore[attr-defined]
    return parse


_TARGET = (
    r"the worker serving the request|that worker|one worker of model-[a-z0-9-]+|half the workers(?: of model-[a-z0-9-]+)?"
    r"|every worker of (?:hive-[0-9]+|model-[a-z0-9-]+)|(?:registry|orchestrator|hub|hive-[0-9]+|worker-[a-z0-9-]+)"
)
_MODEL_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]*"

# Each pattern is narrow. With a general pattern, file order decides between two steps, and behave reports no ambiguity.
TYPES: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "Model": (r"model-[a-z0-9-]+", str, "a model's name"),
    "Models": (r"model-[a-z0-9-]+(?:(?:, | and )model-[a-z0-9-]+)*", names, "one or more models"),
    "ModelName": (_MODEL_NAME, str, "a client's name for a model: a name, a UUID, a repository id, `organisation/code`"),
    "ModelNames": (rf"{_MODEL_NAME}(?:(?:, | and ){_MODEL_NAME})*", names, "one or more of these"),
    "Worker": (WORKER, str, "a worker's id, or a way to point at one"),
    "WorkerId": (r"worker-[a-z0-9-]+", str, "a worker's id"),
    "Hive": (r"hive-[0-9]+", str, "a hive's name"),
    "Budget": (r"[a-z ]+?", str, "a time budget's name"),
    "Within": (r"(?: within the [a-z ]+? time)?", lambda text: text[12:-5], "a time budget, as ` within the <name> time`, or nothing: now"),
    "Path": (r"/v1/[a-z/]+", str, "a path of the API"),
    "Code": (r"[a-z_]+", str, "an error code"),
    "Health": (r"healthy|degraded|unhealthy", str, "a service's health as it reports it"),
    "WorkerState": (r"starting|alive|hung|draining|dead|fatal", str, "a worker's state at its hive"),
    "Key": (r"[a-z_.]+", str, "a setting's name"),
    "Value": (r"\S+", str, "a setting's value"),
    "Accepted": (r"\S.*", str, "the accepted form of a setting"),
    "Name": (r"[a-z]+", str, "a person's or a tenant's name"),
    "Fault": (one_of(FAULTS), str, "a fault of [faults.md](faults.md)"),
    "FaultTarget": (_TARGET, str, "a node or a worker by name, or a selection of workers"),
    **CLUSTER_TYPES,
    **REQUEST_TYPES,
    "Number": (r"\d+", int, "a whole number"),
    "Seconds": (r"\d+(?:\.\d+)?", float, "seconds"),
    **LOAD_TYPES,
}


def register() -> None:
    """Make the types known to behave's step matcher."""
    register_type(**{name: _typed(pattern, convert) for name, (pattern, convert, _) in TYPES.items()})
