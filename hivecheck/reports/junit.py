"""The run as one JUnit file, built with junit-xml behind a wrapper that closes the library's gaps.

The file is read back and compared with the run before it gets its name. A CI reads the true result, or finds no file.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from junit_xml import TestCase, TestSuite, to_xml_report_string

from hivecheck.errors import Reason, ReportError
from hivecheck.reports import recovery_table
from hivecheck.reports.reconcile import ELEMENTS, FLAKY_PREFIX, RERUN_PREFIX, RUN_SUITE, SCENARIOS_SUITE, must_agree, read
from hivecheck.reports.result import NO_VERDICT, Outcome, RunProblem, RunResult, Status, exit_code
from hivecheck.reports.text import causes, last_line, message_of, one_line, relative_path, story, visible
from hivecheck.wording import counted

__all__ = ["Case", "read", "write", "write_suite"]

# libxml2, and so GitLab, refuses a text node above 10 MB. A whole report stays far below that.
MESSAGE_LIMIT_CHARACTERS = 1_000
TEXT_LIMIT_CHARACTERS = 100_000


@dataclass(frozen=True)
class _Attempt:
    """An execution of a scenario beside the one of its test case: `flakyFailure`, `rerunError` and so on."""

    tag: str
    kind: str
    message: str
    text: str


@dataclass(frozen=True)
class Case:
    """A test case with safe text. `element` is `(tag, type)`, None for a pass."""

    name: str
    classname: str
    element: tuple[str, str] | None
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    attachments: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    properties: tuple[tuple[str, str], ...] = ()
    attempts: tuple[_Attempt, ...] = ()


def write(result: RunResult, path: Path) -> None:
    """Write the whole report or nothing. Raises ReportError if it cannot be written or differs from `result`."""
    try:
        _write_checked(result, path)
    except Exception:
        # A report of an earlier run would be read as the report of this one.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def write_suite(name: str, cases: Sequence[Case], properties: dict[str, str], path: Path) -> None:
    """Write a report of one suite that is no run of scenarios. Raises ReportError if it cannot be written or loses a case."""
    safe = [replace(case, name=one_line(case.name), message=one_line(case.message), text=visible(case.text)) for case in cases]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rendered = _rendered({name: safe}, {one_line(key): one_line(value) for key, value in properties.items()})
        ElementTree.ElementTree(rendered).write(path, encoding="utf-8", xml_declaration=True)
        found = Counter(element.tag for element in ElementTree.parse(path).iter())
    except (OSError, ElementTree.ParseError) as error:
        raise ReportError(f"expected: a JUnit report {path}\nactual: {error}\nnext: check the folder and the disk") from error
    planned = Counter(case.element[0] for case in cases if case.element) + Counter(testcase=len(cases))
    if any(found[tag] != planned[tag] for tag in ("testcase", "failure", "error")):
        raise ReportError(f"expected: {counted(len(cases), 'case')} in {path}\nactual: another number after it was written")


def _write_checked(result: RunResult, path: Path) -> None:
    """A report that differs stays beside `path` as `<name>.unchecked`, for a person."""
    unchecked = path.with_name(f"{path.name}.unchecked")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(_document(result)).write(unchecked, encoding="utf-8", xml_declaration=True)
        must_agree(result, unchecked)
        unchecked.replace(path)
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise ReportError(
            f"expected: a JUnit report {path}\nactual: {error}\nnext: check the folder and the disk, then run again"
        ) from error


def _document(result: RunResult) -> ElementTree.Element:
    run_cases = _run_cases(result)
    suites = {SCENARIOS_SUITE: _scenario_cases(result), **({RUN_SUITE: run_cases} if run_cases else {})}
    return _rendered(suites, _suite_properties(result))


def _rendered(suites: dict[str, list[Case]], properties: dict[str, str]) -> ElementTree.Element:
    # junit-xml 1.9 reports a failure without message and text as passed. Each `Case` therefore has a message.
    made = [TestSuite(name, [_made(case) for case in cases], properties=properties) for name, cases in suites.items()]
    root = ElementTree.fromstring(to_xml_report_string(made, prettyprint=False))
    for element, case in zip(root.iter("testcase"), [case for cases in suites.values() for case in cases], strict=True):
        _complete(element, case)
    for suites_or_suite in (root, *root):
        # The library adds the seconds up as floats: 0.30000000000000004.
        suites_or_suite.set("time", f"{float(suites_or_suite.get('time', '0')):.3f}")
    root.set("skipped", str(sum(int(suite.get("skipped", "0")) for suite in root)))
    ElementTree.indent(root)
    return root


def _suite_properties(result: RunResult) -> dict[str, str]:
    facts = {"run_id": result.run_id, "seed": str(result.seed), "target": result.target, "platform": result.platform}
    return {one_line(name): one_line(value) for name, value in {**result.properties, **facts}.items()}


def _made(case: Case) -> TestCase:
    # GitLab reads this syntax, and only in the system-out of failed cases.
    attached = "\n".join(f"[[ATTACHMENT|{path}]]" for path in case.attachments)
    made = TestCase(case.name, case.classname, case.seconds, stdout=attached or None)
    match case.element:
        case ("failure", kind):
            made.add_failure_info(case.message, case.text, kind)
        case ("error", kind):
            made.add_error_info(case.message, case.text, kind)
        case ("skipped", _):
            made.add_skipped_info(case.message)
    return made


def _complete(element: ElementTree.Element, case: Case) -> None:
    """Add what the library cannot express, and what it omits when it is zero or empty."""
    for name, value in {**case.attributes, "time": f"{case.seconds:.3f}"}.items():
        element.set(name, value)
    if case.properties:
        properties = ElementTree.Element("properties")
        element.insert(0, properties)
        for name, value in case.properties:
            ElementTree.SubElement(properties, "property", name=name, value=value)
    if case.element and (skipped := element.find("skipped")) is not None:
        skipped.set("type", case.element[1])
    for attempt in case.attempts:
        # The schema of Surefire demands a type and the element stackTrace here, unlike in a failure.
        held = ElementTree.SubElement(element, attempt.tag, message=attempt.message, type=attempt.kind)
        ElementTree.SubElement(held, "stackTrace").text = attempt.text


def _scenario_cases(result: RunResult) -> list[Case]:
    outcomes = result.outcomes
    names = [(_classname(outcome), one_line(outcome.planned.name) or "a scenario without a name") for outcome in outcomes]
    # GitLab keeps the first of duplicate names. `a.b.feature` and `a/b.feature` share a class name, so then the key decides.
    names = _made_unique(names, [str(outcome.planned.line) for outcome in outcomes])
    names = _made_unique(names, [one_line(outcome.planned.key) for outcome in outcomes])
    return [_scenario_case(result, outcome, *name) for outcome, name in zip(outcomes, names, strict=True)]


def _scenario_case(result: RunResult, outcome: Outcome, classname: str, name: str) -> Case:
    planned, folder = outcome.planned, Path.cwd()
    main, prefix, others = _ordered(outcome)
    requirements = [("requirement", requirement) for requirement in planned.requirements]
    properties = [("key", planned.key), *requirements, ("topology", planned.topology), ("status", outcome.status)]
    properties += [("reason", outcome.reason)] if outcome.reason else []
    properties += [("is_start_failure", "true")] if outcome.is_start_failure else []
    properties += [("fault", line) for line in outcome.faults]
    if outcome.recovery:
        properties += [(f"recovery.{name.replace(' ', '_')}", figure) for name, figure in recovery_table.words(outcome.recovery).items()]
    return Case(
        name=name,
        classname=classname,
        element=ELEMENTS.get(outcome.status),
        message=_bounded(message_of(main), MESSAGE_LIMIT_CHARACTERS),
        text=_bounded("\n".join(story(result, main, folder)), TEXT_LIMIT_CHARACTERS),
        seconds=outcome.seconds,
        attachments=_files(outcome.evidence, folder) if outcome.evidence and outcome.status is not Status.PASSED else (),
        attributes={"file": one_line(planned.file), "line": str(planned.line)},
        properties=tuple((key, one_line(value)) for key, value in properties),
        attempts=tuple(_attempt(result, other, prefix, folder) for other in others),
    )


def _ordered(outcome: Outcome) -> tuple[Outcome, str, list[Outcome]]:
    """The outcome of the test case, then the prefix and the outcomes of the other attempts, in the order of Surefire.

    Surefire shows the first failure, then each rerun. An attempt of another kind than the last one cannot stand for it.
    """
    if outcome.status is Status.FLAKY:
        return outcome, FLAKY_PREFIX, outcome.attempts() or [outcome]
    if outcome.earlier is None or outcome.status not in (Status.FAILED, *NO_VERDICT):
        return outcome, "", []
    first, *others = [*outcome.attempts(), outcome]
    if ELEMENTS.get(first.status) == ELEMENTS[outcome.status]:
        return first, RERUN_PREFIX, others
    return outcome, RERUN_PREFIX, [first, *others[:-1]]


def _attempt(result: RunResult, outcome: Outcome, prefix: str, folder: Path) -> _Attempt:
    tag, kind = ELEMENTS[Status.FAILED if outcome.status is Status.FLAKY else outcome.status]
    message = _bounded(message_of(outcome), MESSAGE_LIMIT_CHARACTERS)
    text = _bounded("\n".join(story(result, outcome, folder)), TEXT_LIMIT_CHARACTERS)
    return _Attempt(prefix + tag.capitalize(), kind, message, text)


def _files(evidence: Path, folder: Path) -> tuple[str, ...]:
    """CI servers attach files, not folders."""
    return tuple(relative_path(path, folder) for path in sorted(evidence.rglob("*")) if path.is_file())


def _run_cases(result: RunResult) -> list[Case]:
    """The problems of the run as a whole, as test cases of their own, because a CI shows only test cases."""
    cases = [_problem_case(problem) for problem in result.problems]
    if result.crash is not None:
        cases.append(_run_case("the harness crashed", ("error", "crash"), last_line(result.crash), result.crash, Reason.HARNESS_ERROR))
    if result.interrupted_by:
        ended = f"ended by {result.interrupted_by}"
        cases.append(_run_case("the run was interrupted", ("error", "interrupted"), ended, "", Reason.INTERRUPTED))
    is_red = bool(cases) or any(ELEMENTS.get(outcome.status, ("", ""))[0] in ("failure", "error") for outcome in result.outcomes)
    if not is_red and result.blames_flaky:
        cases.append(_run_case("the run has flaky scenarios", ("failure", "flaky"), ", ".join(causes(result)), "", None))
    elif not is_red and exit_code(result):
        cases.append(_run_case("the run has no verdict", ("error", "no verdict"), ", ".join(causes(result)), "", Reason.USAGE_ERROR))
    names = _made_unique([(RUN_SUITE, case.name) for case in cases], [str(number) for number in range(1, len(cases) + 1)])
    return [replace(case, name=name) for case, (_, name) in zip(cases, names, strict=True)]


def _problem_case(problem: RunProblem) -> Case:
    element = ("failure", "orphan") if problem.is_orphan else ("error", "harness")
    # Some CI servers show only the message. That of a refusal must hold the place and the error, as its title is the same for all.
    is_refusal = problem.reason is Reason.USAGE_ERROR
    message = f"{problem.title}: {problem.detail}" if is_refusal and problem.detail else problem.title
    return _run_case(problem.title, element, message, problem.detail, problem.reason)


def _run_case(name: str, element: tuple[str, str], message: str, text: str, reason: Reason | None) -> Case:
    name = one_line(name) or "a problem without a title"
    message = _bounded(one_line(message) or name, MESSAGE_LIMIT_CHARACTERS)
    properties = (("reason", str(reason)),) if reason else ()
    return Case(name, RUN_SUITE, element, message, _bounded(visible(text), TEXT_LIMIT_CHARACTERS), properties=properties)


def _classname(outcome: Outcome) -> str:
    dotted = one_line(outcome.planned.file).removeprefix("./").removesuffix(".feature").replace("/", ".")
    return dotted or "features"


def _made_unique(names: Sequence[tuple[str, str]], suffixes: Sequence[str]) -> list[tuple[str, str]]:
    count = Counter(names)
    return [
        (first, f"{name} [{suffix}]") if count[first, name] > 1 else (first, name)
        for (first, name), suffix in zip(names, suffixes, strict=True)
    ]


def _bounded(text: str, limit_characters: int) -> str:
    """Head and tail of a text that is too long: the start has the event, the end of a traceback has the cause."""
    half = limit_characters // 2
    omitted = len(text) - 2 * half
    return text if omitted <= 0 else f"{text[:half]} [... {counted(omitted, 'character')} omitted ...] {text[-half:]}"
