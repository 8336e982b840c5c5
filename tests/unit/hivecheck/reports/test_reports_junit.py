"""The JUnit report: each hole of the junit-xml library, the mapping of the statuses, and the reconciliation with the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hivecheck.errors import Reason, ReportError
from hivecheck.reports.junit import TEXT_LIMIT_CHARACTERS, read, write
from hivecheck.reports.result import NO_VERDICT, Outcome, Planned, RunProblem, RunResult, Status
from hivecheck.reports.text import NOTHING_PASSED, NOTHING_SELECTED

ORPHAN = RunProblem("a worker was left behind", "pid 1")
LEAK = RunProblem("a network was left behind", "hc-1", Reason.LEAK)


def planned(line: int = 1, name: str = "A chat is answered", file: str = "features/full_stack/chat.feature") -> Planned:
    return Planned(f"{file}:{line}", "Chat", name, file, line, ("FULL-001", "FULL-002"), "two-hives")


def run(
    *outcomes: Outcome, problems: tuple[RunProblem, ...] = (), interrupted_by: str | None = None, crash: str | None = None
) -> RunResult:
    return RunResult("r1", 7, "docker", "reference", outcomes, problems, interrupted_by, crash, properties={"python": "3.11"})


def outcome(status: Status, at: Planned | None = None, **others: Any) -> Outcome:
    """An outcome with a reason code where its status needs one."""
    return Outcome(at or planned(), status, reason=Reason.TIMEOUT if status in NO_VERDICT else None, **others)


def each_status() -> RunResult:
    return run(*(outcome(status, planned(line, str(status)), message="why") for line, status in enumerate(Status, start=1)))


def written(result: RunResult, folder: Path) -> ElementTree.Element:
    write(result, folder / "junit.xml")
    return ElementTree.parse(folder / "junit.xml").getroot()


def only_case(result: RunResult, folder: Path) -> ElementTree.Element:
    (case,) = written(result, folder).iter("testcase")
    return case


def child(element: ElementTree.Element, path: str) -> ElementTree.Element:
    found = element.find(path)
    assert found is not None, f"no {path} in {ElementTree.tostring(element, encoding='unicode')}"
    return found


def totals(element: ElementTree.Element) -> dict[str, str | None]:
    return {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")}


@pytest.mark.parametrize(
    ("status", "tag", "kind"),
    [
        (Status.FAILED, "failure", "failed"),
        (Status.INCONCLUSIVE, "error", "inconclusive"),
        (Status.BLOCKED, "error", "blocked"),
        (Status.NOT_RUN, "error", "not run"),
        (Status.UNEXPECTED_PASS, "failure", "unexpected_pass"),
    ],
)
def test_element_of_status(status: Status, tag: str, kind: str, tmp_path: Path) -> None:
    """Each status that is no pass is a failure or an error."""
    element = child(only_case(run(outcome(status, message="why")), tmp_path), tag)
    assert (element.get("type"), element.get("message")) == (kind, "why")


def test_skipped(tmp_path: Path) -> None:
    """An unsupported scenario is skipped with its reason."""
    result = run(Outcome(planned(1), Status.PASSED), Outcome(planned(2, "B"), Status.NOT_SUPPORTED, message="docker cannot do it"))
    assert child(written(result, tmp_path), ".//skipped").get("message") == "docker cannot do it"


def test_known_failure_is_skipped(tmp_path: Path) -> None:
    """A known failure is skipped with its reason."""
    result = run(Outcome(planned(1), Status.PASSED), outcome(Status.KNOWN_FAILURE, planned(2, "B"), message="known failure: no retry"))
    skipped = child(written(result, tmp_path), ".//skipped")
    assert (skipped.get("type"), skipped.get("message")) == ("known failure", "known failure: no retry")


def repeated(status: Status, *earlier: Status) -> RunResult:
    """A run with one scenario, and its earlier attempts with their numbers as messages."""
    before: Outcome | None = None
    for number, each in enumerate(earlier, start=1):
        before = outcome(each, message=f"attempt {number}", earlier=before)
    return run(outcome(status, message="now", earlier=before))


@pytest.mark.parametrize(
    ("result", "elements"),
    [
        (repeated(Status.FLAKY, Status.FAILED), [("flakyFailure", "attempt 1")]),
        (repeated(Status.FLAKY, Status.INCONCLUSIVE), [("flakyError", "attempt 1")]),
        (repeated(Status.FLAKY, Status.INCONCLUSIVE, Status.FAILED), [("flakyError", "attempt 1"), ("flakyFailure", "attempt 2")]),
        (repeated(Status.FAILED, Status.FAILED), [("failure", "attempt 1"), ("rerunFailure", "now")]),
        (repeated(Status.INCONCLUSIVE, Status.INCONCLUSIVE), [("error", "attempt 1"), ("rerunError", "now")]),
        (repeated(Status.FAILED, Status.INCONCLUSIVE), [("failure", "now"), ("rerunError", "attempt 1")]),
        (repeated(Status.NOT_RUN, Status.FAILED), [("error", "now"), ("rerunFailure", "attempt 1")]),
    ],
)
def test_attempts(result: RunResult, elements: list[tuple[str, str]], tmp_path: Path) -> None:
    """The attempts of a rerun stand in the test case as Surefire writes them."""
    case = next(case for case in written(result, tmp_path).iter("testcase") if case.get("file"))
    found = [element for element in case if element.tag not in ("properties", "system-out")]
    assert [(element.tag, element.get("message")) for element in found] == elements
    for element in found:
        assert element.get("type")
        if element.tag.startswith(("flaky", "rerun")):
            assert str(element.get("message")) in (child(element, "stackTrace").text or "")


def test_flaky_run_is_red(tmp_path: Path) -> None:
    """A run that is red for a flaky scenario alone has a failed test case, and none if it allows flaky scenarios."""
    result = repeated(Status.FLAKY, Status.FAILED)
    assert totals(written(result, tmp_path)) == {"tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    assert totals(written(replace(result, allows_flaky=True), tmp_path)) == {"tests": "1", "failures": "0", "errors": "0", "skipped": "0"}


def test_totals(tmp_path: Path) -> None:
    """The suites and the file have the same totals."""
    root = written(each_status(), tmp_path)
    expected = {"tests": "9", "failures": "2", "errors": "3", "skipped": "2"}
    assert (totals(root), totals(child(root, "testsuite"))) == (expected, expected)


def test_read_back(tmp_path: Path) -> None:
    """The written file is read back with each status."""
    write(each_status(), tmp_path / "junit.xml")
    assert read(tmp_path / "junit.xml") == {
        f"features/full_stack/chat.feature:{line}": status for line, status in enumerate(Status, start=1)
    }


def test_place(tmp_path: Path) -> None:
    """A test case has its file and line."""
    case = only_case(run(Outcome(planned(12), Status.PASSED, 1.5)), tmp_path)
    assert case.attrib == {
        "name": "A chat is answered",
        "classname": "features.full_stack.chat",
        "file": "features/full_stack/chat.feature",
        "line": "12",
        "time": "1.500",
    }


def test_reason_is_a_property(tmp_path: Path) -> None:
    """The reason code of an outcome without a verdict is a property of its test case."""
    case = only_case(run(outcome(Status.INCONCLUSIVE, message="why")), tmp_path)
    assert child(case, "properties/property[@name='reason']").get("value") == "timeout"
    assert "reason: timeout" in (child(case, "error").text or "")


def test_outcome_without_reason_is_refused(tmp_path: Path) -> None:
    """A report with an inconclusive scenario without a reason code is not written."""
    with pytest.raises(ReportError, match="inconclusive with the reason code none"):
        write(run(Outcome(planned(), Status.INCONCLUSIVE)), tmp_path / "junit.xml")


def test_properties_of_case(tmp_path: Path) -> None:
    """A test case has requirements, topology and status as properties."""
    case = only_case(run(Outcome(planned(), Status.PASSED)), tmp_path)
    assert [(each.get("name"), each.get("value")) for each in case.iter("property")] == [
        ("key", "features/full_stack/chat.feature:1"),
        ("requirement", "FULL-001"),
        ("requirement", "FULL-002"),
        ("topology", "two-hives"),
        ("status", "passed"),
    ]


def test_properties_of_suite(tmp_path: Path) -> None:
    """The suite has the facts of the run as properties."""
    suite = child(written(run(Outcome(planned(), Status.PASSED)), tmp_path), "testsuite")
    facts = {each.get("name"): each.get("value") for each in suite.iterfind("properties/property")}
    assert facts == {"python": "3.11", "run_id": "r1", "seed": "7", "target": "reference", "platform": "docker"}


def test_failure_text(tmp_path: Path) -> None:
    """The text of a failure has step, detail, evidence and command."""
    failed = Outcome(planned(), Status.FAILED, 1.0, "Then it answers", "no answer", "actual: 503\nexpected: 200", tmp_path / "chat")
    text = child(only_case(run(failed), tmp_path), "failure").text
    assert text == (
        "step: Then it answers\n  no answer\n  actual: 503\n  expected: 200\n"
        f"evidence: {tmp_path}/chat\n"
        "reproduce: ./run-integration-tests.sh features/full_stack/chat.feature:1 --platform docker --seed 7"
    )


def test_attachments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each evidence file of a failure is an attachment, relative to the working folder."""
    monkeypatch.chdir(tmp_path)
    evidence = tmp_path / ".run" / "chat"
    (evidence / "hive-1").mkdir(parents=True)
    (evidence / "story.txt").write_text("once")
    (evidence / "hive-1" / "log.jsonl").write_text("{}")
    case = only_case(run(Outcome(planned(), Status.FAILED, evidence=evidence)), tmp_path)
    assert child(case, "system-out").text == "[[ATTACHMENT|.run/chat/hive-1/log.jsonl]]\n[[ATTACHMENT|.run/chat/story.txt]]"


def test_pass_without_attachment(tmp_path: Path) -> None:
    """A pass has no attachment."""
    assert only_case(run(Outcome(planned(), Status.PASSED, evidence=Path("chat"))), tmp_path).find("system-out") is None


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PASSED])
def test_empty_message(status: Status, tmp_path: Path) -> None:
    """An outcome without a message keeps its status."""
    write(run(outcome(status)), tmp_path / "junit.xml")
    assert list(read(tmp_path / "junit.xml").values()) == [status]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("lone \udc80 surrogate", r"lone \udc80 surrogate"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("nul \x00", r"nul \x00"),
        ("noncharacter \ufffe", r"noncharacter \ufffe"),
        ("end ]]> of <![CDATA[ & <b>", "end ]]> of <![CDATA[ & <b>"),
        ("Ä 漢 🐝", "Ä 漢 🐝"),
    ],
)
def test_unsafe_text(text: str, escaped: str, tmp_path: Path) -> None:
    """Text that XML forbids is shown in escaped form."""
    failure = child(only_case(run(Outcome(planned(name=text), Status.FAILED, message=text, detail=f"detail: {text}")), tmp_path), "failure")
    assert (failure.get("message"), f"  detail: {escaped}" in (failure.text or "")) == (escaped, True)


def test_line_breaks(tmp_path: Path) -> None:
    """A detail keeps its line breaks."""
    text = child(only_case(run(Outcome(planned(), Status.FAILED, message="m", detail="a\n\n    b")), tmp_path), "failure").text or ""
    assert text.split("\n")[:-1] == ["  m", "  a", "", "      b"]


def test_long_detail(tmp_path: Path) -> None:
    """A very long detail keeps its head and its tail."""
    text = child(only_case(run(Outcome(planned(), Status.FAILED, message="head", detail="x" * 11_000_000)), tmp_path), "failure").text or ""
    assert (
        text.startswith("  head") and "characters omitted" in text and text.endswith("--seed 7") and len(text) < TEXT_LIMIT_CHARACTERS + 100
    )


def test_same_name(tmp_path: Path) -> None:
    """Scenarios with the same name have their line in the name."""
    result = run(*(Outcome(planned(line, "Same"), Status.PASSED) for line in (3, 9)), Outcome(planned(12, "Other"), Status.PASSED))
    assert [case.get("name") for case in written(result, tmp_path).iter("testcase")] == ["Same [3]", "Same [9]", "Other"]


def test_same_name_and_line(tmp_path: Path) -> None:
    """Scenarios with the same name, line and dotted path have their file in the name."""
    files = ("features/a/b.feature", "features/a.b.feature")
    result = run(*(Outcome(planned(3, "Same", file), Status.PASSED) for file in files))
    names = [case.get("name") for case in written(result, tmp_path).iter("testcase")]
    assert names == [f"Same [3] [{file}:3]" for file in files]


def test_same_key(tmp_path: Path) -> None:
    """Two scenarios with one key are refused."""
    with pytest.raises(ReportError, match=r"chat\.feature:1 twice"):
        write(run(Outcome(planned(), Status.PASSED), Outcome(planned(), Status.FAILED)), tmp_path / "junit.xml")


def test_many_scenarios(tmp_path: Path) -> None:
    """Each of 500 scenarios is a test case."""
    statuses = list(Status)
    result = run(*(outcome(statuses[line % 6], planned(line, "Same"), seconds=0.1, message="why") for line in range(500)))
    assert totals(written(result, tmp_path)) == {"tests": "500", "failures": "84", "errors": "249", "skipped": "83"}


def test_empty_run(tmp_path: Path) -> None:
    """A run without a scenario is an error."""
    error = child(only_case(run(), tmp_path), "error")
    assert (error.get("type"), error.get("message")) == ("no verdict", NOTHING_SELECTED)


def test_unsupported_run(tmp_path: Path) -> None:
    """A run of unsupported scenarios alone is an error."""
    error = child(written(run(Outcome(planned(), Status.NOT_SUPPORTED)), tmp_path), ".//error")
    assert (error.get("type"), error.get("message")) == ("no verdict", NOTHING_PASSED)


def test_run_problems(tmp_path: Path) -> None:
    """Each problem of the run is a test case of its own."""
    result = run(
        Outcome(planned(), Status.PASSED), problems=(ORPHAN, LEAK, LEAK), interrupted_by="SIGINT", crash="Traceback\nKeyError: 'a'"
    )
    suite = child(written(result, tmp_path), "testsuite[@name='hivecheck.run']")
    results = [(case.get("name"), case[-1].tag, case[-1].get("type"), case[-1].get("message")) for case in suite.iter("testcase")]
    assert results == [
        ("a worker was left behind", "failure", "orphan", "a worker was left behind"),
        ("a network was left behind [2]", "error", "harness", "a network was left behind"),
        ("a network was left behind [3]", "error", "harness", "a network was left behind"),
        ("the harness crashed", "error", "crash", "KeyError: 'a'"),
        ("the run was interrupted", "error", "interrupted", "ended by SIGINT"),
    ]
    codes = [case.find("properties/property[@name='reason']") for case in suite.iter("testcase")]
    assert [code.get("value") if code is not None else None for code in codes] == [None, "leak", "leak", "harness_error", "interrupted"]


def test_refusal(tmp_path: Path) -> None:
    """The message of a refusal has its facts, for servers that show nothing else."""
    refusal = RunProblem("the run did not start", "a.feature:5\nactual: @chaoss", Reason.USAGE_ERROR)
    error = child(written(run(problems=(refusal,)), tmp_path), ".//testcase/error")
    assert error.get("message") == "the run did not start: a.feature:5 actual: @chaoss"
    assert "a.feature:5\nactual: @chaoss" in (error.text or "")


def test_unwritable(tmp_path: Path) -> None:
    """A report that cannot be written is a ReportError."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="expected: a JUnit report"):
        write(each_status(), tmp_path / "file" / "junit.xml")


def test_refused_report(tmp_path: Path) -> None:
    """A refused report stays for a person, and the report of an earlier run is removed."""
    write(run(Outcome(planned(), Status.PASSED)), tmp_path / "junit.xml")
    with pytest.raises(ReportError):
        write(run(Outcome(planned(), Status.PASSED), Outcome(planned(), Status.PASSED)), tmp_path / "junit.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["junit.xml.unchecked"]


def test_new_folder(tmp_path: Path) -> None:
    """A report creates its folder and leaves no other file."""
    write(each_status(), tmp_path / "new" / "junit.xml")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["junit.xml"]
