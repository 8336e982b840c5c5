"""Reads a JUnit report back and compares it with the run. It knows what the file must say, not how it was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from hivecheck.errors import ReportError
from hivecheck.reports.result import RunResult, Status, exit_code, one_line

SCENARIOS_SUITE = "hivecheck"
RUN_SUITE = "hivecheck.run"
DISAGREEMENTS_SHOWN = 20

# The element and its type, by status. A CI that reads nothing but JUnit must go red for all that is no pass, so not run is an error too.
ELEMENTS = {
    Status.FAILED: ("failure", "failed"),
    Status.INCONCLUSIVE: ("error", "inconclusive"),
    Status.BLOCKED: ("error", "blocked"),
    Status.NOT_RUN: ("error", "not run"),
    Status.NOT_SUPPORTED: ("skipped", "skipped"),
}
_STATUSES = {element: status for status, element in ELEMENTS.items()}
_COUNTED_TAGS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def read(path: Path) -> dict[str, Status]:
    """The status of each scenario by its key, from the elements a CI looks at. Raises ReportError for a file that is not one of ours."""
    return _statuses(_parsed(path))


def must_agree(result: RunResult, path: Path) -> None:
    """Reconcile a written report with the run. Raises ReportError that says what differs."""
    root = _parsed(path)
    wrong = [*_wrong_statuses(result, _statuses(root)), *_wrong_cases(root), *_wrong_totals(result, root)]
    if wrong:
        more = f"; and {len(wrong) - DISAGREEMENTS_SHOWN} more" if len(wrong) > DISAGREEMENTS_SHOWN else ""
        raise ReportError(f"{path} does not agree with the run: {'; '.join(wrong[:DISAGREEMENTS_SHOWN])}{more}")


def _statuses(root: ElementTree.Element) -> dict[str, Status]:
    found: dict[str, Status] = {}
    for case in _scenario_elements(root):
        key = _property(case, "key")
        if key in found:
            raise ReportError(f"the report holds the scenario {key} twice")
        found[key] = _status(case)
    return found


def _wrong_statuses(result: RunResult, found: dict[str, Status]) -> Iterator[str]:
    planned = {one_line(outcome.planned.key): outcome.status for outcome in result.outcomes}
    if len(planned) != len(result.outcomes):
        yield f"{len(result.outcomes)} scenarios were planned under {len(planned)} keys"
    for key in sorted(planned.keys() | found.keys()):
        if planned.get(key) != found.get(key):
            yield f"{key}: the run says {planned.get(key, 'nothing of it')}, the file says {found.get(key, 'nothing of it')}"


def _wrong_cases(root: ElementTree.Element) -> Iterator[str]:
    """GitLab keeps the first of two test cases with one name; a reader of properties must see the same status as a reader of elements."""
    names = Counter((case.get("classname"), case.get("name")) for case in root.iter("testcase"))
    yield from (f"{count} test cases are named {classname} {name}" for (classname, name), count in names.items() if count > 1)
    for case in _scenario_elements(root):
        if _property(case, "status") != _status(case):
            yield f"{_property(case, 'key')} has the status property {_property(case, 'status')} and the element of {_status(case)}"


def _wrong_totals(result: RunResult, root: ElementTree.Element) -> Iterator[str]:
    """Selected = passed + failed + errors + skipped, in the elements, by suite and in all."""
    for name, count in _wanted_totals(result).items():
        in_suites = sum(int(suite.get(name, "-1")) for suite in root.iter("testsuite"))
        in_all, elements = int(root.get(name, "-1")), sum(1 for _ in root.iter(_COUNTED_TAGS[name]))
        if {count} != {in_suites, in_all, elements}:
            yield f"{name} must be {count}, the file says {in_all} in all and {in_suites} by suite, and holds {elements}"


def _wanted_totals(result: RunResult) -> dict[str, int]:
    orphans = sum(1 for finding in result.findings if not finding.is_ours)
    failures = result.count(Status.FAILED) + orphans
    errors = result.count(Status.INCONCLUSIVE, Status.BLOCKED, Status.NOT_RUN) + len(result.findings) - orphans
    errors += (result.crash is not None) + bool(result.interrupted_by)
    # A run without any verdict says so in a test case of its own: an empty file is green.
    errors += exit_code(result) != 0 and failures + errors == 0
    skipped = result.count(Status.NOT_SUPPORTED)
    return {"tests": result.count(Status.PASSED) + failures + errors + skipped, "failures": failures, "errors": errors, "skipped": skipped}


def _parsed(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ReportError(f"the JUnit report {path} cannot be read: {error}") from error


def _scenario_elements(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    return (case for suite in root.iter("testsuite") if suite.get("name") == SCENARIOS_SUITE for case in suite.iter("testcase"))


def _property(case: ElementTree.Element, name: str) -> str:
    element = case.find(f"properties/property[@name='{name}']")
    if element is None:
        raise ReportError(f"the test case {case.get('name')} has no property {name}")
    return element.get("value", "")


def _status(case: ElementTree.Element) -> Status:
    results = [(child.tag, child.get("type", "")) for child in case if child.tag in ("failure", "error", "skipped")]
    if not results:
        return Status.PASSED
    if len(results) > 1 or results[0] not in _STATUSES:
        raise ReportError(f"the test case {case.get('name')} has a result that hivecheck never writes: {results}")
    return _STATUSES[results[0]]
