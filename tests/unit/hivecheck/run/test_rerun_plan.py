"""The plan of a rerun, and how its outcomes count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hivecheck.errors import Reason, UsageError
from hivecheck.reports import result_data
from hivecheck.reports.result import NO_VERDICT, Outcome, Planned, RunResult, Status
from hivecheck.run.rerun_plan import COPY, RerunPlan, load

FILE = "features/a.feature"


def planned(line: int, name: str = "") -> Planned:
    return Planned(f"{FILE}:{line}", "A", name or f"scenario {line}", FILE, line)


def outcome(line: int, status: Status, earlier: Outcome | None = None) -> Outcome:
    reason = Reason.TIMEOUT if status in NO_VERDICT else None
    return Outcome(planned(line), status, 1.0, "Then it is so", f"why {line}", "expected: 1", reason=reason, earlier=earlier)


def rerun(folder: Path, *outcomes: Outcome) -> RerunPlan:
    path = folder / "result.json"
    path.write_text(json.dumps(result_data.data(RunResult("r1", 7, "process", "reference", outcomes))), encoding="utf-8")
    return load(path, folder / "run")


def names(plan: list[Planned]) -> list[str]:
    return [one.name for one in plan]


def test_plan_is_what_did_not_pass(tmp_path: Path) -> None:
    """A rerun takes what failed or has no verdict. The line of a scenario may have changed."""
    plan = rerun(tmp_path, *(outcome(line, status) for line, status in enumerate(Status)))
    expected = {f"scenario {line}" for line, status in enumerate(Status) if status in (Status.FAILED, *NO_VERDICT)}
    selected = [planned(100 + line, f"scenario {line}") for line in range(len(Status))]
    assert set(names(plan.narrowed(selected, frozenset))) == expected


def test_copy_outlives_the_reports(tmp_path: Path) -> None:
    """The earlier result stays in the folder of the rerun."""
    rerun(tmp_path, outcome(1, Status.FAILED))
    assert (tmp_path / "run" / COPY).read_text() == (tmp_path / "result.json").read_text()


@pytest.mark.parametrize(
    ("earlier", "now", "counts_as"),
    [
        (Status.FAILED, Status.PASSED, Status.FLAKY),
        (Status.INCONCLUSIVE, Status.PASSED, Status.FLAKY),
        (Status.BLOCKED, Status.PASSED, Status.PASSED),
        (Status.NOT_RUN, Status.PASSED, Status.PASSED),
        (Status.FAILED, Status.FAILED, Status.FAILED),
        (Status.FAILED, Status.INCONCLUSIVE, Status.INCONCLUSIVE),
        (Status.FAILED, Status.NOT_SUPPORTED, Status.NOT_SUPPORTED),
        (Status.FAILED, Status.KNOWN_FAILURE, Status.KNOWN_FAILURE),
    ],
)
def test_status(earlier: Status, now: Status, counts_as: Status, tmp_path: Path) -> None:
    """A scenario that ran without a pass and passes now is flaky. Judging it twice changes nothing."""
    plan = rerun(tmp_path, outcome(1, earlier))
    judged = plan.judged(outcome(1, now))
    assert judged.status is counts_as
    assert plan.judged(judged) == judged


def test_flaky_has_the_first_failure(tmp_path: Path) -> None:
    """A flaky outcome has the step, the message and the seed of its failure."""
    judged = rerun(tmp_path, outcome(1, Status.FAILED)).judged(Outcome(planned(1), Status.PASSED, 2.0))
    assert (judged.step, judged.message, judged.seed, judged.seconds) == ("Then it is so", "why 1", 7, 2.0)
    assert judged.earlier is not None


def test_attempts_add_up(tmp_path: Path) -> None:
    """A rerun of a rerun has both failures, also if the second one did not start."""
    twice = rerun(tmp_path, outcome(1, Status.FAILED, outcome(1, Status.INCONCLUSIVE)))
    assert [one.status for one in twice.judged(outcome(1, Status.PASSED)).attempts()] == [Status.INCONCLUSIVE, Status.FAILED]
    blocked = rerun(tmp_path, outcome(1, Status.BLOCKED, outcome(1, Status.FAILED)))
    assert blocked.judged(outcome(1, Status.PASSED)).status is Status.FLAKY


@pytest.mark.parametrize(
    ("outcomes", "selected", "existing", "words"),
    [
        ([Status.FAILED], [], [], "there is no 'scenario 0' in its file"),
        ([Status.PASSED], [0], [], "there is nothing to run again"),
        ([Status.FAILED], [], [0], "none of its 1 scenario\nnext: leave the FEATURE"),
    ],
)
def test_nothing_to_run(outcomes: list[Status], selected: list[int], existing: list[int], words: str, tmp_path: Path) -> None:
    """A scenario that is gone, and a rerun without a scenario, are refused."""
    plan = rerun(tmp_path, *(outcome(line, status) for line, status in enumerate(outcomes)))
    with pytest.raises(UsageError, match=words):
        plan.narrowed([planned(line) for line in selected], lambda: frozenset((FILE, f"scenario {line}") for line in existing))


@pytest.mark.parametrize("number", [{}, {"format": 2}])
def test_older_formats(number: dict[str, int], tmp_path: Path) -> None:
    """A result of an older format is enough: it has key, name and status of each scenario."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(number | {"seed": 3, "scenarios": {f"{FILE}:4": {"name": "x", "status": "failed", "message": "503"}}}))
    assert names(load(path, tmp_path / "run").narrowed([planned(9, "x")], frozenset)) == ["x"]


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"format": "x"}', '{"scenarios": []}', '{"scenarios": {"a:1": {"name": "x"}}}'])
def test_other_file(text: str | None, tmp_path: Path) -> None:
    """A missing file, and a file of another kind, are refused."""
    path = tmp_path / "result.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=r"expected: a result\.json of a run"):
        load(path, tmp_path / "run")
