"""Another gateway with a wrong set-up has no verdict. One that exits by itself, or ignores SIGTERM, is wrong."""

import json
import os
import subprocess
import sys

import pytest
from sample_project import scenario

from hivecheck.errors import Reason
from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

GATEWAY = PROJECT_ROOT / "tests" / "contract" / "faulty_gateway.py"
SECONDS = 180  # only a run that hangs takes this long
TARGET = GATEWAY.with_suffix(".toml").read_text(encoding="utf-8")
STEPS = """
@step("a client is answered")
def answered(context):
    context.world.requests.chats.ask("model-a")
    assert all(operation.is_answered for operation in context.world.history.operations()), "expected: an answer\\\\nactual: none"
"""


def write_target(project, fault, more=""):
    text = TARGET.format(python=sys.executable, gateway=GATEWAY, fault=fault, more=more)
    project.write("picky.toml", text)
    project.add_steps(STEPS)


def run_on(project, fault, *, scenarios=1, topologies=("small",), more=""):
    """A run of scenarios with one chat each, on each of the topologies, before a gateway with this fault. Nothing is left."""
    write_target(project, fault, more)
    for topology in topologies:
        chats = [scenario(f"A chat on {topology} {number}", "a client is answered", tags="@SVC-003") for number in range(scenarios)]
        project.feature(*chats, name=topology, tags=f"@integration @topology.{topology}")
    going = project.start("-D", "target=picky.toml", environment={"HIVECHECK_JOBS": "1"})
    ended = going.end(SECONDS)
    assert going.left() == []
    return ended


def check(project, *options):
    command = [sys.executable, "-m", "hivecheck.cli", "targets", "check", str(project.folder / "picky.toml"), *options]
    environment = os.environ | {"HIVECHECK_REPORT_DIR": str(project.folder / "reports"), "HIVECHECK_TOPOLOGY": "small"}
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, cwd=PROJECT_ROOT, check=False)


def test_refused_key_ends_run(project):
    """A gateway that refuses our key starts twice. Then no scenario of any topology starts it again, and there is no verdict."""
    ended = run_on(project, "refuses_key", scenarios=3, topologies=("small", "single_slot"))
    ended.must_end(2, "6 blocked (setup_failed)")
    assert ended.output.count("is starting") == 2
    scenarios = json.loads((project.folder / "reports" / "result.json").read_text())["scenarios"].values()
    assert (
        sorted((one["reason"], one["is_start_failure"]) for one in scenarios)
        == [(Reason.SETUP_FAILED, False)] * 4 + [(Reason.SETUP_FAILED, True)] * 2
    )
    assert "200 for our key" in ended.output
    assert "twice in the same way" in ended.output


def test_exit_in_scenario(project):
    """A gateway that exits by itself in a scenario has failed, and the text has its name, exit code and last lines."""
    ended = run_on(project, "exits_at_request")
    ended.must_end(1, "1 failed")
    text = ended.text_of("A chat on small 0")
    assert "actual: picky exited by itself with code 7" in text
    assert "picky: the licence has expired" in text


def test_exit_after_preflight(project):
    """A gateway that exits as soon as its preflight is over fails at its start, under its own name."""
    ended = run_on(project, "exits_after_preflight")
    ended.must_end(1, "1 failed")
    text = ended.text_of("A chat on small 0")
    assert "picky ended with code 7 after it had accepted its settings" in text
    assert "next: find the cause in the last log lines of picky" in text
    assert "picky: the licence has expired" in text


def test_ignored_sigterm(project):
    """A gateway that ignores SIGTERM has a fault of its own beside its passed scenarios, once a run."""
    ended = run_on(project, "ignores_sigterm", scenarios=2, more="stop_seconds = 0.5")
    ended.must_end(1, "2 passed")
    text = ended.text_of("picky ignores SIGTERM")
    assert "expected: picky exits within 0.5 s of SIGTERM" in text


def test_weak_gateway_goes_on(project):
    """A problem that only some requirements concern is a line of the run, and the scenarios decide."""
    ended = run_on(project, "drops_headers")
    ended.must_end(0, "1 passed")
    assert "preflight  headers: expected the unknown header" in ended.output


def test_check(project):
    """`hivecheck targets check` prints each observation, and ends with exit code 0 without a problem."""
    write_target(project, "none")
    ended = check(project)
    assert (ended.returncode, ended.stderr) == (0, "")
    for subject in ("ready", "chat of model-a", "stream of model-a", "headers", "request id", "stop"):
        assert f"ok  {subject}: " in ended.stdout
    assert ended.stdout.endswith("picky: is set up (exit 0)\n")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("refuses_key", "PROBLEM  key: expected 200 for our key"),
        ("drops_headers", "PROBLEM  headers: expected the unknown header"),
        ("ignores_sigterm", "PROBLEM  stop: expected picky exits within 0.5 s of SIGTERM"),
    ],
)
def test_check_with_problem(project, fault, problem):
    """`hivecheck targets check` prints each problem in one sentence with the next step, and ends with exit code 2."""
    write_target(project, fault, "stop_seconds = 0.5")
    ended = check(project)
    assert ended.returncode == 2, ended.stderr
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("PROBLEM")]
    assert line.startswith(problem)
    assert "; next: " in line
    assert ended.stdout.endswith("picky: 1 problem (exit 2)\n")


def test_check_of_failed_gateway(project):
    """A gateway that exits in its preflight has failed: exit code 1."""
    write_target(project, "exits_after_preflight")
    ended = check(project)
    assert ended.returncode == 1, ended.stdout
    assert "the licence has expired" in ended.stdout


def test_dry_run(project):
    """A dry run lists what the target's declaration selects, and the others by their reason. Nothing starts, and no report is touched."""
    write_target(project, "none")
    project.write("reports/result.json", "an earlier report")
    project.feature(
        scenario("It chats", "a client is answered", tags="@SVC-003"),
        scenario("It juggles", "a client is answered", tags="@SVC-005"),
        tags="@integration @topology.small",
    )
    ended = project.run("--dry-run", "-D", "target=picky.toml")
    assert ended.exit_code == 0
    chosen, _, left_out = ended.output.partition("left out: 1 scenario\n")
    assert "would run: 1 scenario\n  SVC-003  It chats  features/sample.feature:5  topology small\n" in chosen
    assert left_out.startswith("  picky does not declare SVC-005: 1 scenario\n    SVC-005  It juggles")
    assert [path.name for path in (project.folder / "reports").iterdir()] == ["result.json"]
    assert (project.folder / "reports" / "result.json").read_text() == "an earlier report"
    assert "is starting" not in ended.output


def test_dry_run_of_nothing(project):
    """A dry run in which nothing would run ends with exit code 2."""
    write_target(project, "none")
    project.feature(scenario("It juggles", "a client is answered", tags="@SVC-005"), tags="@integration @topology.small")
    assert project.run("--dry-run", "-D", "target=picky.toml").exit_code == 2
