"""A run with several jobs: one plan, one report, one exit code, and nothing left, however it ends."""

import signal
from collections import Counter

import psutil
import pytest
from sample_project import scenario

from hivecheck import process_labels
from hivecheck.errors import Reason
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

pytestmark = pytest.mark.slow

FOUR = {"HIVECHECK_JOBS": "4"}
FRESH = "@integration @topology.small @fresh_stack"
MEETING = '''
import os


@step("two scenarios meet")
def meet(context):
    """Returns only if another scenario is here at the same time."""
    from hivecheck.waiting import eventually

    Path(f"met-{os.getpid()}").touch()
    eventually(lambda: len(list(Path(".").glob("met-*"))), within=20.0, what="two scenarios at once", until=lambda count: count >= 2)


@step("the job is killed")
def killed(context):
    os.kill(os.getpid(), signal.SIGKILL)


@step("this step waits for ever, too")
def waits_too(context):
    Path(f"ready-{os.getpid()}").touch()
    while True:
        signal.pause()
'''


def jobs_of(going):
    """The processes of the run's jobs: children without the command line of a watchdog."""
    return [child for child in going.process.children() if child.pid not in going.watchdogs()]


def four_waiting(project, count):
    """A run with so many scenarios that wait for ever, at the moment when each of its four jobs waits."""
    project.add_steps(MEETING)
    project.feature(*(scenario(f"It waits {turn}", "this step waits for ever, too") for turn in range(count)), tags=FRESH)
    going = project.start(environment=FOUR)
    eventually(lambda: len(list(project.folder.glob("ready-*"))), within=40.0, what="jobs that wait", until=lambda ready: ready == 4)
    return going


def nothing_left(going):
    eventually(going.left, within=Timeouts().clean_up, what="nothing of the run left", until=lambda left: not left)


def test_side_by_side(project):
    """Two scenarios run at the same time, and both are in the one report."""
    project.add_steps(MEETING)
    project.feature(scenario("One", "two scenarios meet"), scenario("Other", "two scenarios meet"))
    ended = project.run(environment={"HIVECHECK_JOBS": "2"})
    ended.must_end(0, "2 passed")
    assert ended.counts() == (2, 0, 0, 0)


def test_one_job_runs_in_turn(project):
    """With one job the same scenarios cannot meet: the test above proves that they ran side by side."""
    project.add_steps(MEETING.replace("20.0", "0.5"))
    project.feature(scenario("One", "two scenarios meet"), scenario("Other", "two scenarios meet"))
    project.run(environment={"HIVECHECK_JOBS": "1"}).must_end(2, "2 inconclusive (timeout)")


def test_every_outcome_is_collected(project):
    """Each verdict of each job reaches the report, with its text."""
    passing = [scenario(f"It passes {number}", "it works") for number in range(8)]
    project.feature(*passing, scenario("It fails", "the answer is wrong"), scenario("It breaks", "a step breaks"))
    ended = project.run(environment=FOUR)
    ended.must_end(1, "1 failed")
    assert ended.counts() == (10, 1, 1, 0)
    assert "expected: the answer 2" in ended.text_of("It fails")
    assert ended.reason_of("It breaks") == Reason.HARNESS_ERROR


def test_hooks_see_each_scenario_once(project):
    """Hooks of the person's own environment.py run in the job: those of a scenario once for each scenario."""
    project.add_hooks(
        "import pathlib\n\n\ndef after_feature(context, feature):\n    with pathlib.Path('hooks').open('a') as f: f.write('f')\n"
    )
    outline = "  Scenario Outline: Row <name>\n    Then it is noted that <name> runs\n\n"
    outline += "    Examples:\n      | name |\n      | a |\n      | b |\n\n"
    rule = "  Rule: a rule\n\n    Scenario: In a rule\n      Then it is noted that c runs\n\n"
    project.feature(scenario("Plain", "it is noted that d runs"), outline, rule)
    ended = project.run(environment=FOUR)
    ended.must_end(0, "4 passed")
    assert sorted(project.notes()) == ["a", "b", "c", "d"]
    assert (project.folder / "hooks").read_text() == "ffff"


def test_exclusive_scenario_is_alone(project):
    """An exclusive scenario meets no other one."""
    project.add_steps(MEETING.replace("20.0", "1.0"))
    alone = scenario("Alone", "it works", tags="@exclusive")
    project.feature(alone, scenario("One", "it works"), scenario("Other", "it works"))
    ended = project.run(environment=FOUR)
    ended.must_end(0, "3 passed")
    names = [line.split("  ")[-2] for line in ended.output.splitlines() if line.startswith("passed ")]
    assert names[-1] == "Alone"


def test_undefined_step_is_refused(project):
    """A scenario with an undefined step is blocked, and the others run."""
    project.feature(*(scenario(f"It passes {number}", "it works") for number in range(3)), scenario("Odd", "nothing of the kind"))
    ended = project.run(environment=FOUR)
    ended.must_end(2, "1 blocked")
    assert ended.verdict_of("Odd")[0] == "error"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(project, number):
    """A signal to the run alone ends every job, and the report lists each scenario."""
    going = four_waiting(project, 6)
    going.process.send_signal(number)
    ended = going.end()
    ended.must_end(2, f"interrupted by {number.name}, 6 not run (interrupted)")
    assert ended.counts() == (7, 0, 7, 0), "the stacks were stopped in an orderly way, so there is no problem of the run"
    nothing_left(going)


def test_interrupted_terminal(project):
    """A ctrl-C of a terminal reaches the run and each job, and has the same end."""
    going = four_waiting(project, 4)
    for process in [going.process, *jobs_of(going)]:
        process.send_signal(signal.SIGINT)
    ended = going.end()
    ended.must_end(2, "interrupted by SIGINT, 4 not run (interrupted)")
    assert "Traceback" not in ended.output
    nothing_left(going)


def test_killed_run(project):
    """A run that is killed takes its jobs with it, and nothing of its stacks is left."""
    going = four_waiting(project, 4)
    jobs = jobs_of(going)
    assert len(jobs) == 4
    going.process.kill()
    going.end()
    psutil.wait_procs(jobs, timeout=10)
    assert [job for job in jobs if job.is_running() and job.status() != psutil.STATUS_ZOMBIE] == []
    nothing_left(going)


def test_killed_job(project):
    """A job that dies is a crash of the harness. The others end their scenarios, and nothing of its stack is left."""
    project.add_steps(MEETING)
    fine = [scenario(f"It passes {number}", "it works") for number in range(3)]
    project.feature(*fine, scenario("It kills", "the job is killed"), tags=FRESH)
    going = project.start(environment=FOUR)
    ended = going.end()
    ended.must_end(3, "HARNESS CRASHED")
    assert "SIGKILL during: It kills" in ended.output
    assert ended.verdict_of("It kills") == ("error", "not run")
    assert Counter(ended.verdict_of(f"It passes {number}") for number in range(3))[("testcase", "")] == 3
    assert process_labels.find(going.run_id) == []
    nothing_left(going)
