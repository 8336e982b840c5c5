"""The conformance table of a gateway."""

from __future__ import annotations

import pytest

from hivecheck.reports.conformance import markdown, table
from hivecheck.reports.result import Outcome, Planned, RunResult, Status


def outcome(status: Status, line: int, *requirements: str, message: str = "", step: str = "") -> Outcome:
    planned = Planned(f"features/a.feature:{line}", "A", f"scenario {line}", "features/a.feature", line, requirements)
    return Outcome(planned, status, message=message, step=step)


def made(*outcomes: Outcome) -> dict:
    return table(RunResult("r1", 7, "process", "toy.toml", outcomes), "toy", "A toy.")


def verdict(*statuses: Status) -> str:
    return made(*(outcome(status, line, "SVC-003") for line, status in enumerate(statuses, 1)))["requirements"]["SVC-003"]["verdict"]


@pytest.mark.parametrize("status", Status)
def test_worst_status_counts(status: Status) -> None:
    """A failure outweighs each status, and an unsupported scenario outweighs none."""
    assert verdict(status, Status.FAILED) == verdict(Status.FAILED, status) == "failed"
    assert verdict(status, Status.NOT_SUPPORTED) == status.value


def test_unsupported_does_not_count() -> None:
    """An unsupported scenario does not change a pass."""
    assert verdict(Status.PASSED, Status.NOT_SUPPORTED) == "passed"


def test_reproduce_of_requirement() -> None:
    """Each requirement has the command of the scenario that decides its verdict."""
    found = made(outcome(Status.PASSED, 1, "SVC-003"), outcome(Status.FAILED, 2, "SVC-003"))
    row = found["requirements"]["SVC-003"]
    assert row["reproduce"] == "./run-integration-tests.sh features/a.feature:2 --platform process --target toy.toml --seed 7"
    assert [found["scenarios"][place]["status"] for place in row["scenarios"]] == ["passed", "failed"]


def test_markdown() -> None:
    """The page has counts, rows, failures and undeclared requirements."""
    page = markdown(
        made(
            outcome(Status.PASSED, 1, "SVC-003"),
            outcome(Status.FAILED, 2, "SVC-003", "SVC-005", message="expected: a | b", step="Then it is <so>"),
            outcome(Status.NOT_SUPPORTED, 3, "SVC-005"),
            outcome(Status.NOT_SUPPORTED, 4, "FULL-001", message="toy does not declare FULL-001"),
        )
    )
    assert "Requirements: 2 failed, 1 not supported." in page
    assert "| SVC-003 | failed | 1 of 2 |" in page
    assert "| SVC-005 | failed | 0 of 1 |" in page
    assert "| FULL-001 |" not in page
    assert page.count("**scenario 2** (features/a.feature:2): `Then it is <so>`: expected: a \\| b") == 1
    assert "* toy does not declare FULL-001: features/a.feature:4\n" in page
    assert page.endswith("\n")


def test_empty_markdown() -> None:
    """A table without requirements is a page too."""
    assert "Requirements: none." in markdown(made())
