"""Reading result.json back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hivecheck.errors import Reason, ReportError
from hivecheck.measurement.blast_radius import BlastRadius
from hivecheck.measurement.recovery import Recovery
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult, Split, Status
from hivecheck.reports.result_data import FORMAT, data, read, result


def test_newer_format_is_refused(tmp_path: Path) -> None:
    """A result of a newer format is refused with both numbers."""
    path = tmp_path / "result.json"
    path.write_text(f'{{"format": {FORMAT + 1}}}')
    with pytest.raises(ReportError, match=rf"has format {FORMAT + 1}, and this hivecheck reads formats up to {FORMAT}"):
        read(path)


@pytest.mark.parametrize("text", [f'{{"format": {FORMAT}}}', "{}"])
def test_known_format_is_read(tmp_path: Path, text: str) -> None:
    """A result of this format, or of the first one without a number, is read."""
    path = tmp_path / "result.json"
    path.write_text(text)
    assert isinstance(read(path), dict)


def test_missing_result_is_empty(tmp_path: Path) -> None:
    """A missing file has no content."""
    assert read(tmp_path / "result.json") == {}


def whole() -> RunResult:
    planned = Planned("a.feature:3", "A", "It is so", "a.feature", 3, ("SVC-001",), "small", None, True, True, True)
    recovery = Recovery(("a SIGKILL",), ("worker-1",), 0.1, None, 2.0, 9.0, 20, 19, 0.1, 5.0, BlastRadius(2, 1), 0.2, 0.01, 0)
    earlier = Outcome(planned, Status.INCONCLUSIVE, message="too late", reason=Reason.TIMEOUT, seed=3)
    outcomes = (
        Outcome(
            planned, Status.FLAKY, 1.5, "Then so", "no", "expected: 1", Path("e"), recovery, ("x",), 0.25, None, earlier, ("n",), 3, True
        ),
        Outcome(Planned("a.feature:9", "A", "B", "a.feature", 9, unsupported_reason="no"), Status.NOT_SUPPORTED),
    )
    problems = (RunProblem("a leak", "pid 1", Reason.LEAK), RunProblem("an orphan", "pid 2"))
    split = Split(1, 2, ("a.feature:3", "a.feature:9"), "abc")
    others = {"properties": {"source_hash": "h"}, "plan_files": {"a.feature:3": "p.json"}, "split": split, "allows_flaky": True}
    return RunResult("r1", 7, "process", "reference", outcomes, problems, "SIGINT", "KeyError", 2.5, **others)  # type: ignore[arg-type]


def test_result_is_read_back(tmp_path: Path) -> None:
    """The file holds the whole result."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(data(whole())))
    assert result(path) == whole()


@pytest.mark.parametrize("text", ['{"format": 2, "scenarios": {}}', "{}", "[]", "x", f'{{"format": {FORMAT}}}'])
def test_other_file_is_no_result(text: str, tmp_path: Path) -> None:
    """An older format, and a file of another kind, hold no whole result."""
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=r"expected: a result\.json of a run, format 3"):
        result(path)
