"""A defect at the start of a stack is a failed system, exit code 1. A wrong setting or a taken port stays a set-up error, exit code 2."""

import json
import os
import socket
import subprocess
import sys

import pytest
from sample_project import scenario

from hivecheck.errors import Reason
from hivecheck.run.failed_starts import SET_UP_ATTEMPTS
from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

SMALL = "@integration @topology.small"
SECONDS = 180  # only a run that hangs takes this long
RAISES = (
    "orchestrator/gateway.py",
    '    service = ServiceContext("orchestrator", settings)\n',
    '    raise LookupError("there is no gateway today")\n',
)
ANSWER = "            return await handler(request)\n"
EXITS = '            if context.service == "orchestrator":\n                asyncio.get_running_loop().call_soon(os._exit, 4)\n'
EXITS_AFTER_FIRST_ANSWER = ("service.py", ANSWER, EXITS + ANSWER)
WORKER_RAISES = ("worker/__main__.py", "    slots = Slots(", '    raise LookupError("there is no worker today")\n    slots = Slots(')
REFUSES_SETTING = ("registry/settings.py", "ttl_seconds: PositiveSeconds", "ttl_seconds: int")


def needing(topology, *names, name):
    """The arguments of a feature on this topology. Its scenarios note that they run."""
    scenarios = [scenario(one, f"it is noted that {one[-1]} runs") for one in names]
    return scenarios, {"name": name, "tags": f"@integration @topology.{topology}"}


def run_on(project, *changes, environment=None, of_small=3):
    """A run on services with these changes: scenarios on a stack, and one that needs none. Nothing of the stack is left."""
    root = project.services(*changes)
    scenarios, where = needing("small", *(f"On a stack {number}" for number in range(of_small)), name="small")
    project.feature(*scenarios, **where)
    project.feature(scenario("Without", "it is noted that alone runs"), name="without")
    going = project.start("-D", f"services_root={root}", environment={"HIVECHECK_JOBS": "1"} | (environment or {}))
    ended = going.end(SECONDS)
    assert going.left() == []
    assert project.notes() == ["alone"]
    return ended


def verdicts(project):
    """Status, reason code and `is_start_failure` of each scenario on a stack, sorted."""
    scenarios = json.loads((project.folder / "reports" / "result.json").read_text())["scenarios"].values()
    return sorted((one["status"], one["reason"], one["is_start_failure"]) for one in scenarios if one["topology"] == "small")


def the_failed(ended):
    (name,) = [case.get("name") for case in ended.junit.iter("testcase") if case.find("failure") is not None]
    return name


ONE_FAILED = [("blocked", Reason.FAILED_START, False), ("blocked", Reason.FAILED_START, False), ("failed", None, True)]


def test_node_raises(project):
    """A node that raises after it has read its settings fails the first scenario, and the others of its topology are blocked."""
    ended = run_on(project, RAISES)
    ended.must_end(1, "1 failed, 2 blocked (failed_start); 1 passed")
    assert ended.counts() == (4, 1, 2, 0)
    assert verdicts(project) == ONE_FAILED
    failed = the_failed(ended)
    text = ended.text_of(failed)
    assert "orchestrator ended with code 1 after it had accepted its settings" in text
    assert "next: find the cause in the last log lines of orchestrator" in text
    assert "orchestrator: LookupError: there is no gateway today" in text
    (case,) = [case for case in ended.junit.iter("testcase") if case.get("name") == failed]
    assert case.find("properties/property[@name='is_start_failure']").get("value") == "true"
    (logs,) = (project.folder / "reports").glob("*/scenarios/*/logs")
    assert "there is no gateway today" in (logs / "orchestrator.jsonl").read_text()
    assert ended.output.count("small is starting") == 1


def test_node_exits_after_first_answer(project):
    """A node that exits after its first answer is a failed system."""
    ended = run_on(project, EXITS_AFTER_FIRST_ANSWER)
    ended.must_end(1, "1 failed, 2 blocked (failed_start); 1 passed")
    assert verdicts(project) == ONE_FAILED
    assert "orchestrator ended with code 4 after it had accepted its settings" in ended.text_of(the_failed(ended))


def test_worker_of_hive_raises(project):
    """A worker that its hive starts in vain again and again is a failed system, too."""
    ended = run_on(project, WORKER_RAISES)
    ended.must_end(1, "1 failed, 2 blocked (failed_start); 1 passed")
    assert verdicts(project) == ONE_FAILED
    text = ended.text_of(the_failed(ended))
    assert "of hive-1 ended with exit code 1 after it had accepted its settings" in text
    assert "of hive-1: LookupError: there is no worker today" in text


def test_refused_setting(project):
    """A node that refuses a setting is a set-up error. After some attempts a further scenario gets no stack."""
    ended = run_on(project, REFUSES_SETTING, of_small=SET_UP_ATTEMPTS + 1)
    ended.must_end(2, f"{SET_UP_ATTEMPTS + 1} blocked (setup_failed)")
    assert ended.counts() == (SET_UP_ATTEMPTS + 2, 0, SET_UP_ATTEMPTS + 1, 0)
    assert verdicts(project) == [("blocked", Reason.SETUP_FAILED, False)] + [("blocked", Reason.SETUP_FAILED, True)] * SET_UP_ATTEMPTS
    assert "registry ended with code 2," in ended.output
    assert "registry:   ttl_seconds = 1.5" in ended.output
    assert ended.output.count("small is starting") == SET_UP_ATTEMPTS


def test_taken_port(project):
    """A node is a set-up error if another program has its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = f'{taken.getsockname()[1]} if context.service == "registry" else context.settings.port'
        ended = run_on(
            project, ("service.py", "context.settings.host, context.settings.port, CONN", f"context.settings.host, {port}, CONN")
        )
    ended.must_end(2, "3 blocked (setup_failed)")
    assert "registry ended with code 3," in ended.output
    assert "port_unavailable" in ended.output


def test_stop(project):
    """With --stop nothing starts after a failed start."""
    scenarios, where = needing("small", "On a stack 0", "On a stack 1", "On a stack 2", name="small")
    project.feature(*scenarios, **where)
    going = project.start("--stop", "-D", f"services_root={project.services(RAISES)}", environment={"HIVECHECK_JOBS": "1"})
    going.end(SECONDS).must_end(1, "1 failed, 2 not run (harness_error)")
    assert (project.notes(), going.left()) == ([], [])


def test_jobs(project):
    """Several jobs start a broken stack at most once each, and each scenario has one outcome."""
    ended = run_on(project, RAISES, environment={"HIVECHECK_JOBS": "2"}, of_small=6)
    ended.must_end(1, "failed")
    statuses = [status for status, *_ in verdicts(project)]
    failed = statuses.count("failed")
    assert 1 <= failed <= 2
    assert statuses.count("blocked") == 6 - failed
    assert ended.counts() == (7, failed, 6 - failed, 0)


def test_up(project):
    """`hivecheck up` ends with exit code 1 for a defect and names the node."""
    environment = os.environ | {
        "HIVECHECK_REPORT_DIR": str(project.folder / "reports"),
        "HIVECHECK_SERVICES_ROOT": str(project.services(RAISES)),
        "HIVECHECK_PLATFORM": "process",
    }
    command = [sys.executable, "-m", "hivecheck.cli", "up", "small"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, cwd=PROJECT_ROOT, check=False)
    assert ended.returncode == 1, ended.stderr
    assert "hivecheck up: expected: stack small ready\nactual: orchestrator ended with code 1" in ended.stderr
    assert "there is no gateway today" in ended.stderr
