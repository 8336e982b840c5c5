"""Reads a JUnit report back and compares it with the run. It knows the content of the file, not how it was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from hivecheck.errors import ReportError
from hivecheck.reports.result import NO_VERDICT, PROVEN, RunResult, Status, exit_code
from hivecheck.reports.text import one_line
from hivecheck.wording import counted, listed

SCENARIOS_SUITE = "hivecheck"
RUN_SUITE = "hivecheck.run"
DISAGREEMENTS_SHOWN = 20

# The element and its type, by status. A CI that reads only JUnit must fail without a pass, so "not run" is an error too.
ELEMENTS = {
    Status.FAILED: ("failure", "failed"),
    Status.INCONCLUSIVE: ("error", "inconclusive"),
    Status.BLOCKED: ("error", "blocked"),
    Status.NOT_RUN: ("error", "not run"),
    Status.NOT_SUPPORTED: ("skipped", "skipped"),
    Status.KNOWN_FAILURE: ("skipped", "known failure"),
    Status.UNEXPECTED_PASS: ("failure", "unexpected_pass"),
}
FLAKY_PREFIX, RERUN_PREFIX = "flaky", "rerun"  # of flakyFailure and rerunFailure, as Surefire writes the attempts of one test
_STATUSES = {element: status for status, element in ELEMENTS.items()}
_COUNTED_TAGS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def read(path: Path) -> dict[str, Status]:
    """The status of each scenario by its key, from the elements that a CI reads. Raises ReportError for a file of another program."""
    return _statuses(_parsed(path))


def must_agree(result: RunResult, path: Path) -> None:
    """Compare a written report with the run. Raises ReportError with the differences."""
    root = _parsed(path)
    wrong = [*_wrong_statuses(result, _statuses(root)), *_wrong_reasons(result, root), *_wrong_cases(root), *_wrong_totals(result, root)]
    if wrong:
        more = f"; and {len(wrong) - DISAGREEMENTS_SHOWN} more" if len(wrong) > DISAGREEMENTS_SHOWN else ""
        raise ReportError(f"expected: {path} agrees with the run\nactual: {'; '.join(wrong[:DISAGREEMENTS_SHOWN])}{more}")


def _statuses(root: ElementTree.Element) -> dict[str, Status]:
    found: dict[str, Status] = {}
    for case in _scenario_elements(root):
        key = _property(case, "key")
        if key in found:
            raise ReportError(f"expected: each scenario once in the report\nactual: {key} twice")
        found[key] = _status(case)
    return found


def _wrong_statuses(result: RunResult, found: dict[str, Status]) -> Iterator[str]:
    planned = {one_line(outcome.planned.key): outcome.status for outcome in result.outcomes}
    if len(planned) != len(result.outcomes):
        yield f"scenarios {len(result.outcomes)}, keys of scenarios {len(planned)}"
    for key in sorted(planned.keys() | found.keys()):
        if planned.get(key) != found.get(key):
            yield f"{key} is {planned.get(key, 'absent')} in the run and {found.get(key, 'absent')} in the file"


def _wrong_reasons(result: RunResult, root: ElementTree.Element) -> Iterator[str]:
    """Each outcome without a verdict has a reason code, and no other outcome has one."""
    written = {_property(case, "key"): _property(case, "reason", "none") for case in _scenario_elements(root)}
    for outcome in result.outcomes:
        code, found = str(outcome.reason or "none"), written.get(one_line(outcome.planned.key), "none")
        if code != found or (outcome.status in NO_VERDICT) is (code == "none"):
            yield f"{one_line(outcome.planned.key)} is {outcome.status} with the reason code {code} in the run and {found} in the file"


def _wrong_cases(root: ElementTree.Element) -> Iterator[str]:
    """GitLab keeps only the first of two test cases with one name. The properties and the elements must have the same status."""
    names = Counter((case.get("classname"), case.get("name")) for case in root.iter("testcase"))
    yield from (f"{counted(count, 'test case')} named {classname} {name}" for (classname, name), count in names.items() if count > 1)
    for case in _scenario_elements(root):
        if _property(case, "status") != _status(case):
            yield f"{_property(case, 'key')} has the property status={_property(case, 'status')} and the element of {_status(case)}"


def _wrong_totals(result: RunResult, root: ElementTree.Element) -> Iterator[str]:
    """Selected = passed + failed + errors + skipped, in the elements, by suite and in all."""
    for name, count in _expected_totals(result).items():
        in_suites = sum(int(suite.get(name, "-1")) for suite in root.iter("testsuite"))
        in_all, elements = int(root.get(name, "-1")), sum(1 for _ in root.iter(_COUNTED_TAGS[name]))
        if {count} != {in_suites, in_all, elements}:
            yield f"{name} of the run {count}, of the file {in_all} in all, {in_suites} by suite, {elements} by element"


def _expected_totals(result: RunResult) -> dict[str, int]:
    failures = result.count(Status.FAILED, Status.UNEXPECTED_PASS) + len(result.orphans())
    errors = result.count(*NO_VERDICT) + len(result.own_problems())
    errors += (result.crash is not None) + bool(result.interrupted_by)
    # A flaky scenario is a passed test case, and a CI takes an empty file for a pass. The run then has a red test case of its own.
    is_green = failures + errors == 0
    failures += exit_code(result) == 1 and is_green
    errors += exit_code(result) == 2 and is_green
    skipped = result.count(Status.NOT_SUPPORTED, Status.KNOWN_FAILURE)
    tests = result.count(*PROVEN) + failures + errors + skipped
    return {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}


def _parsed(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ReportError(f"expected: a JUnit report {path}\nactual: {error}") from error


def _scenario_elements(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    return (case for suite in root.iter("testsuite") if suite.get("name") == SCENARIOS_SUITE for case in suite.iter("testcase"))


def _property(case: ElementTree.Element, name: str, otherwise: str | None = None) -> str:
    element = case.find(f"properties/property[@name='{name}']")
    if element is None and otherwise is not None:
        return otherwise
    if element is None:
        raise ReportError(f"expected: a property {name} of the test case {case.get('name')}\nactual: none")
    return element.get("value", "")


def _status(case: ElementTree.Element) -> Status:
    results = [(child.tag, child.get("type", "")) for child in case if child.tag in ("failure", "error", "skipped")]
    if not results:
        return Status.FLAKY if any(child.tag.startswith(FLAKY_PREFIX) for child in case) else Status.PASSED
    if len(results) > 1 or results[0] not in _STATUSES:
        raise ReportError(f"expected: at most one result of a known type in the test case {case.get('name')}\nactual: {listed(results)}")
    return _STATUSES[results[0]]
