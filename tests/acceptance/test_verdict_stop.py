"""The runs of generated mutants: named scenarios of one file, and the end after the first one that does not pass."""

import pytest
from sample_project import scenario

from hivecheck.mutation.generated.attempt import Attempts, Outcome, judged
from hivecheck.mutation.generated.line_record import LineRecord, Ran
from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow


def ended(project, monkeypatch, *names):
    """A run as an attempt starts it, in the sample project."""
    monkeypatch.chdir(project.folder)
    attempts = Attempts(project.folder, LineRecord("hash"), lambda _: [], lambda _: {}, project.folder / "reports", 7, 12)
    batch = [Ran("features/first.feature", name, "none", 1.0, {}) for name in names]
    return attempts.start(batch, PROJECT_ROOT, project.folder / "reports")


def test_named_scenarios(project, monkeypatch):
    """Exactly the named scenarios run, also when another name contains theirs."""
    steps = [scenario(name, "it works", tags="@topology.none") for name in ("It passes (1.1) [a]", "It passes (1.1) [a] too", "Other")]
    project.feature(*steps, name="first")
    run = ended(project, monkeypatch, "It passes (1.1) [a]", "Other")
    assert run.exit_code == 0, run.output
    assert sorted(one["name"] for one in run.scenarios.values()) == ["It passes (1.1) [a]", "Other"]


def test_stop(project, monkeypatch):
    """No scenario starts after the first one that does not pass, and the one that failed is the killer."""
    names = [f"It is wrong {number}" for number in range(3)]
    project.feature(*(scenario(name, "the answer is wrong", tags="@topology.none") for name in names), name="first")
    run = ended(project, monkeypatch, *names)
    assert len(run.with_status("failed")) == 1, run.output
    assert len(run.with_status("not run")) == 2
    found = judged("mutant", run, "hash")
    assert found.outcome == Outcome.KILLED
    assert found.killer.startswith("features/first.feature: It is wrong")
