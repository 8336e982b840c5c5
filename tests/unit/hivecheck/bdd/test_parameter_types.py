"""Parameter types of the steps."""

from __future__ import annotations

import re

import pytest

from hivecheck.bdd.parameter_types import TYPES
from hivecheck.world.load import PACE, ClosedLoop, OpenLoop


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Model", "model-a", "model-a"),
        ("Models", "model-a, model-b and model-shared", ["model-a", "model-b", "model-shared"]),
        ("Models", "model-a", ["model-a"]),
        ("ModelName", "hivecheck-ai/Model-A-7B", "hivecheck-ai/Model-A-7B"),
        ("ModelNames", "model-a, model-b and acme/fast", ["model-a", "model-b", "acme/fast"]),
        ("Exception", "APITimeoutError", "APITimeoutError"),
        ("Worker", "worker-shared-1", "worker-shared-1"),
        ("Worker", "that worker", "that worker"),
        ("Hive", "hive-2", "hive-2"),
        ("Number", "12", 12),
        ("Seconds", "0.25", 0.25),
        ("Path", "/v1/chat/completions", "/v1/chat/completions"),
        ("Within", "", ""),
        ("Within", " within the lease expiry time", "lease expiry"),
        ("Node", "the gateway", "orchestrator"),
        ("Node", "that worker", "that worker"),
        ("KillScope", " as soon as the registry lists worker-x", " as soon as the registry lists worker-x"),
        ("HiveSetup", " without workers", " without workers"),
        ("HiveHealth", "", {}),
        ("HiveHealth", " and hive-1 as degraded", {"hive-1": "degraded"}),
        ("OfModels", " of model-a and model-b", ["model-a", "model-b"]),
        ("OfModels", " without models", []),
        ("ModelList", "no models", []),
        ("LoadTime", "", 0.0),
        ("LoadTime", " and loads for 1.5 seconds", 1.5),
        ("Requests", "1 request", 1),
        ("Clients", "a client waits", 1),
        ("Clients", "3 clients wait", 3),
        ("Parts", "one part", 1),
        ("Times", "6 times", 6),
        ("LeaseEnd", "offline after 3 missed heartbeats", 3),
        ("LeaseEnd", "removed", 0),
        ("IsNew", "", False),
        ("IsNew", ", and it is new", True),
        ("BeforeReady", "it received no request", "received"),
        ("Duration", "", None),
        ("Duration", " for 1.5 seconds", 1.5),
        ("LoadSchedule", "20 requests per second", OpenLoop(20)),
        ("LoadSchedule", "3 clients", ClosedLoop(3)),
        ("LoadPace", "", PACE),
        ("LoadPace", ", at the workers' own pace", ""),
        ("Moment", "the fault", False),
        ("Moment", "the removal", True),
        ("TimeShare", "", None),
        ("TimeShare", ", which took at most 50 percent of that time", 0.5),
        ("Reading", "every connection from orchestrator to hive-1", "every connection from orchestrator to hive-1"),
        ("MetricCount", "exactly 7 more requests of model-a", "exactly 7 more requests of model-a"),
    ],
)
def test_type_converts(name: str, text: str, value: object) -> None:
    """A type accepts its phrases and converts them."""
    pattern, convert, _ = TYPES[name]
    assert re.fullmatch(pattern, text)
    assert convert(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Model", "worker-1"),
        ("Hive", "hive-a"),
        ("Worker", "a worker"),
        ("Number", "-1"),
        ("Seconds", "1 s"),
        ("Client", "a client with a key"),
        ("Duration", "for 1 seconds"),
        ("ComparedConnection", "noted connection from a"),
    ],
)
def test_type_refuses(name: str, text: str) -> None:
    """A type refuses the phrases of other types."""
    assert not re.fullmatch(TYPES[name][0], text)


def test_types_are_explained() -> None:
    """Each type has a description for docs/steps.md."""
    assert all(explained for _, _, explained in TYPES.values())
