"""Failures of a stack at its start or end: they name the node and decide the exit code."""

import re

import pytest
from sample_project import scenario

from hivecheck.errors import Reason

pytestmark = pytest.mark.slow

SMALL = "@integration @topology.small"
PASSING = scenario("It passes", "it works")
IGNORES_SIGTERM = (
    "service.py",
    "loop.add_signal_handler(number, ",
    "loop.add_signal_handler(number, (lambda: None) if '/registry/' in __import__('sys').argv[0] else ",
)
# Three mechanisms stop the workers of a dead hive: the hive, the worker's own watch for its parent, and the orphan killer.
EXITS_AT_ONCE = ("hive/hive.py", "await self.supervisor.stop_all(self._settings.drain_seconds)", "__import__('os')._exit(0)")
IGNORES_PARENT = ("worker/__main__.py", "parent.die_with()", "pass")
NO_ORPHAN_KILLER = ("hive/orphan_killer.py", "    kill_marked_processes(sys.argv[1])", "    pass")
INTERRUPTED_EVIDENCE = """
import signal

from hivecheck.reports import evidence


def collect(*_):
    signal.raise_signal(signal.SIGTERM)


evidence.collect = collect
"""


def run_with(project, *changes):
    """A run on services with these changes. Budgets are short, because the run exhausts one of them."""
    root = project.services(*changes)
    going = project.start("-D", f"services_root={root}", "-D", "timeout_scale=0.3")
    ended = going.end()
    assert going.left() == []
    return ended


def test_node_ignores_sigterm(project):
    """A node that ignores SIGTERM fails the run, and the failure names the node."""
    project.feature(PASSING, tags=SMALL)
    ended = run_with(project, IGNORES_SIGTERM)
    ended.must_end(1, "left behind after: the run (small-1)")
    assert ended.verdict_of("It passes") == ("testcase", "")
    assert ended.counts() == (2, 1, 0, 0)
    text = " ".join(failure.text for failure in ended.junit.iter("failure"))
    assert "small-1/registry did not exit within 3 s of SIGTERM" in text
    assert "small-1/registry did not exit" in ended.output


def test_workers_outlive_hive(project):
    """Workers that outlive their hive fail the run, and the failure names them."""
    project.feature(PASSING, tags=SMALL)
    ended = run_with(project, EXITS_AT_ONCE, IGNORES_PARENT, NO_ORPHAN_KILLER)
    ended.must_end(1, "left behind after: the run (small-1)")
    assert ended.verdict_of("It passes") == ("testcase", "")
    text = " ".join(failure.text for failure in ended.junit.iter("failure"))
    assert text.count("of small-1/hive-1: ") == 2, text
    assert "worker-1" in text
    assert "worker-2" in text


def test_stack_does_not_start(project):
    """A stack that does not start blocks its scenarios, with the last log lines of its nodes."""
    project.write("dead/services/__init__.py", "raise SystemExit('there is no service here today')\n")
    project.feature(scenario("It would pass", "it is noted that one runs"), tags=SMALL)
    project.feature(scenario("It needs no stack", "it is noted that two runs"), name="other")
    going = project.start("-D", f"services_root={project.folder / 'dead'}")
    ended = going.end()
    assert going.left() == []
    ended.must_end(2, "NO VERDICT  1 blocked")
    assert ended.counts() == (2, 0, 1, 0)
    assert ended.verdict_of("It would pass") == ("error", "blocked")
    assert ended.reason_of("It would pass") == Reason.SETUP_FAILED
    text = ended.text_of("It would pass")
    dead = re.search(r"([a-z0-9-]+) ended with code 1", text)
    assert dead, text
    assert f"{dead[1]}: there is no service here today" in text
    assert project.notes() == ["two"]


def test_signal_during_evidence(project):
    """A failure stays a failure when a signal arrives while its evidence is taken."""
    project.add_hooks(INTERRUPTED_EVIDENCE)
    project.feature(scenario("It fails", "the answer is wrong"), tags=SMALL)
    going = project.start()
    ended = going.end()
    assert going.left() == []
    ended.must_end(1, "1 failed, interrupted by SIGTERM")
    assert ended.verdict_of("It fails") == ("failure", "failed")
