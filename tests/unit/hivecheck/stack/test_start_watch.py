"""A process that exits at the start of a stack: a failed system, or a failed set-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from hivecheck.clients.hive import HiveClient
from hivecheck.errors import ClientError, NodeDiedError, SetupError
from hivecheck.platforms.platform import Node
from hivecheck.stack.start_watch import EXITS_OF_WORKER, Exit, FailedSystemError, StartWatch, event_of, exits_of, is_failed_system

ACCEPTED = '{"event": "settings_accepted"}'
CRASH = "LookupError: no such thing"
NOT_READY = SetupError("expected: stack small-1 ready, within 30 s\nactual: 'worker-1 is dead' at the last of 9 attempts")


@dataclass
class Ending(Node):
    """A node with a log and, when it has exited, an exit code."""

    name: str = "registry"
    service: str = "registry"
    lines: tuple[str, ...] = ()
    code: int | None = None
    worker_log: str = ""

    def is_running(self) -> bool:
        return self.code is None

    def exit_code(self) -> int | None:
        return self.code

    def log_lines(self) -> list[str]:
        return list(self.lines)

    def read_file(self, relative: str, offset: int = 0) -> bytes:
        return self.worker_log.encode() if relative == "workers/worker-1/log.jsonl" else b""


class KnownWorkers(HiveClient):
    """A hive with these workers; None: it gives no answer."""

    def __init__(self, views: dict[str, dict[str, Any]] | None) -> None:
        super().__init__("http://127.0.0.1:9", "")
        self.views = views

    def workers(self) -> dict[str, dict[str, Any]]:
        if self.views is None:
            raise ClientError("no answer")
        return self.views


def view(state: str = "dead", restarts: int = 0, last_exit: str | None = "exit code 1") -> dict[str, Any]:
    return {"state": state, "restarts": restarts, "last_exit": last_exit}


def watch_of(*nodes: Ending, **more: Any) -> StartWatch:
    return StartWatch({node.name: node for node in nodes}, {}, {}, **more)


def hive_watch(views: dict[str, dict[str, Any]] | None, worker_log: str = f"{ACCEPTED}\n{CRASH}\n") -> StartWatch:
    hive = Ending("hive-1", "hive", worker_log=worker_log)
    return StartWatch({"hive-1": hive}, {"hive-1": KnownWorkers(views)}, {"hive-1": ["worker-1"]})


def judged(watch: StartWatch) -> Exception:
    """The error of a start after its wait ended for this watch."""
    gone = watch.gone()
    return watch.judged(SetupError(f"expected: stack small-1 ready\nactual: {gone}, after 0.50 s; last value: 'no'") if gone else NOT_READY)


@pytest.mark.parametrize(
    ("line", "event"),
    [(ACCEPTED, "settings_accepted"), (CRASH, ""), ("[]", ""), ("{}", ""), ("3", "")],
)
def test_event_of_line(line: str, event: str) -> None:
    """The event of a log line; a line of another kind has none."""
    assert event_of(line) == event


@pytest.mark.parametrize(
    ("lines", "is_defect"),
    [
        ((ACCEPTED, CRASH), True),
        ((CRASH,), False),
        (("services.registry: bad settings", "  port = 0"), False),
        ((ACCEPTED, '{"event": "port_unavailable"}'), False),
        ((), False),
    ],
    ids=["crash", "before the settings", "refused setting", "taken port", "no log"],
)
def test_exit_of_reference_service(lines: tuple[str, ...], is_defect: bool) -> None:
    """An exit is a defect after the settings were accepted, except for a taken port."""
    assert Exit("registry", "code 1", lines).is_defect is is_defect


def test_exit_of_other_gateway() -> None:
    """Another gateway has accepted its settings when it has answered. Nodes that are not under test have no defect."""
    assert not Exit("orchestrator", "code 1", (CRASH,)).is_defect
    assert Exit("orchestrator", "code 1", (CRASH,), has_answered=True).is_defect
    assert not Exit("registry", "code 1", (ACCEPTED,), is_under_test=False).is_defect


def test_one_refused_setting_decides() -> None:
    """A refused setting beside a crash is a failed set-up, because the crash may follow from it."""
    crash, refusal = Exit("hive-1", "code 1", (ACCEPTED,)), Exit("registry", "code 2", ())
    assert is_failed_system([crash])
    assert not is_failed_system([crash, refusal])
    assert not is_failed_system([])


def test_failed_system_message() -> None:
    """The failure names node, exit code, next step and last log lines, and has the logs of each node without secrets."""
    nodes = Ending("registry", lines=("fine",)), Ending("hive-1", "hive", (ACCEPTED, f"{CRASH} s3cret"), code=1)
    error = judged(watch_of(*nodes, secrets=["s3cret"]))
    assert isinstance(error, FailedSystemError)
    expected, actual, next_step, *log = str(error).split("\n")
    assert expected == "expected: stack small-1 ready"
    assert actual.startswith("actual: hive-1 ended with code 1 after it had accepted its settings, after 0.50 s")
    assert next_step == "next: find the cause in the last log lines of hive-1"
    assert log == ["last log lines:", f"hive-1: {ACCEPTED}", f"hive-1: {CRASH} ***"]
    assert error.logs == {"registry": ["fine"], "hive-1": [ACCEPTED, f"{CRASH} ***"]}


def test_failed_set_up_message() -> None:
    """A node that refuses a setting is a set-up error with the last log lines of each node."""
    error = judged(watch_of(Ending("registry", lines=("fine",)), Ending("hive-1", "hive", ("bad settings",), code=2)))
    assert isinstance(error, NodeDiedError)
    assert "hive-1 ended with code 2, after" in str(error)
    assert str(error).endswith("last log lines:\nregistry: fine\nhive-1: bad settings")


@pytest.mark.parametrize(("has_answered", "kind"), [(False, NodeDiedError), (True, FailedSystemError)])
def test_other_gateway_at_start(has_answered: bool, kind: type[Exception]) -> None:
    """The first answer of another gateway decides between set-up error and failed system."""
    watch = watch_of(Ending("orchestrator", "orchestrator", (CRASH,), 1), foreign="orchestrator", has_answered=lambda: has_answered)
    assert type(judged(watch)) is kind


def test_reference_node_beside_other_gateway() -> None:
    """A reference node that exits beside another gateway says nothing about that gateway."""
    watch = watch_of(Ending("registry", "registry", (ACCEPTED, CRASH), 1), foreign="orchestrator", has_answered=lambda: True)
    assert type(judged(watch)) is NodeDiedError


def test_slow_start_is_set_up_error() -> None:
    """A stack is a set-up error when its time is over and all its processes run."""
    watch = watch_of(Ending("registry", lines=(ACCEPTED,)))
    assert watch.gone() is None
    assert type(watch.judged(NOT_READY)) is SetupError


@pytest.mark.parametrize(
    ("seen", "count"),
    [
        (view(), 1),
        (view("dead", 2), 3),
        (view("starting", 2), 2),
        (view("fatal", 5), 6),
        (view("alive", 4), 0),
        (view("starting", 0, None), 0),
        (view("dead", 3, "exit code 0 (its models did not answer within 9 s)"), 0),
        ({}, 0),
    ],
)
def test_exits_of_worker(seen: dict[str, Any], count: int) -> None:
    """A worker's own exits count while it is not alive."""
    assert exits_of(seen) == count


def test_repeated_exits_end_the_wait() -> None:
    """A worker that exits again and again ends the wait with its own log lines."""
    error = judged(hive_watch({"worker-1": view("dead", EXITS_OF_WORKER - 1)}))
    assert isinstance(error, FailedSystemError)
    assert "actual: worker-1 of hive-1 ended with exit code 1 after it had accepted its settings" in str(error)
    assert f"worker-1 of hive-1: {CRASH}" in str(error)
    assert error.logs["hive-1-worker-1"] == [ACCEPTED, CRASH]


def test_one_exit_may_recover() -> None:
    """A worker with one exit may still come up. When the time is over, its exit is the cause."""
    watch = hive_watch({"worker-1": view()})
    assert watch.gone() is None
    error = watch.judged(NOT_READY)
    assert isinstance(error, FailedSystemError)
    assert "at the last of 9 attempts; worker-1 of hive-1 ended with exit code 1 after" in str(error)


@pytest.mark.parametrize(
    ("views", "worker_log"), [({"worker-1": view("dead", 9)}, "services.worker: bad settings\n"), ({}, ""), (None, "")]
)
def test_worker_without_defect(views: dict[str, dict[str, Any]] | None, worker_log: str) -> None:
    """A worker that refuses its settings, and a hive without a list of workers, are set-up errors."""
    assert type(judged(hive_watch(views, worker_log))) is SetupError


def test_killed_node() -> None:
    """A node that a signal ended has failed, too."""
    node = Ending("registry", lines=(ACCEPTED,))
    watch = watch_of(node)
    assert watch.gone() is None
    node.code = -9
    assert watch.gone() == "registry ended with code -9 after it had accepted its settings"
    assert isinstance(judged(watch), FailedSystemError)
