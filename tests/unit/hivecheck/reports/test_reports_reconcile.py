"""The reconciliation: a JUnit file says what the run says, whatever text was in it, or it is refused with what differs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.errors import Reason, ReportError
from hivecheck.reports.junit import write
from hivecheck.reports.reconcile import must_agree, read
from hivecheck.reports.result import NO_VERDICT, Outcome, Planned, RunProblem, RunResult, Status, exit_code


def planned(line: int, name: str) -> Planned:
    file = "features/full_stack/chat.feature"
    return Planned(f"{file}:{line}", "Chat", name, file, line)


def run(*outcomes: Outcome, crash: str | None = None) -> RunResult:
    return RunResult("r1", 7, "docker", "reference", outcomes, crash=crash)


def reason_of(status: Status) -> Reason | None:
    return Reason.TIMEOUT if status in NO_VERDICT else None


def each_status() -> RunResult:
    return run(
        *(
            Outcome(planned(line, str(status)), status, message="why", reason=reason_of(status))
            for line, status in enumerate(Status, start=1)
        )
    )


def test_missing_file(tmp_path: Path) -> None:
    """A missing file is a ReportError."""
    with pytest.raises(ReportError, match="expected: a JUnit report"):
        read(tmp_path / "junit.xml")


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('<failure type="failed" message="why">', '<error type="blocked" message="why">', "failed in the run and blocked in the file"),
        ('<property name="status" value="failed" />', '<property name="status" value="passed" />', "has the property status=passed"),
        ('failures="2" name=', 'failures="0" name=', "failures of the run 2, of the file 2 in all, 0 by suite"),
        ('tests="9" time="0.000" skipped', 'tests="5" time="0.000" skipped', "tests of the run 9, of the file 5 in all"),
        ('chat.feature:2" />', 'chat.feature:99" />', "chat.feature:2 is failed in the run and absent in the file"),
        ('<testcase name="blocked"', '<testcase name="passed"', "2 test cases named features.full_stack.chat passed"),
        ('<property name="key"', '<property name="kez"', "expected: a property key"),
        ('chat.feature:2" />', 'chat.feature:1" />', "chat.feature:1 twice"),
        ('<failure type="failed"', '<failure type="strange"', "result of a known type"),
        ("</testsuites>", "", "expected: a JUnit report"),
        ('name="reason" value="timeout"', 'name="reason" value="leak"', "the reason code timeout in the run and leak in the file"),
    ],
)
def test_difference(before: str, after: str, complaint: str, tmp_path: Path) -> None:
    """A report that differs from the run is refused."""
    path = tmp_path / "junit.xml"
    write(each_status(), path)
    text = path.read_text(encoding="utf-8")
    assert before in text
    changed = text.replace(before, after)
    path.write_text(changed.replace("</failure>", "</error>", 1) if after.startswith("<error") else changed, encoding="utf-8")
    with pytest.raises(ReportError, match=complaint):
        must_agree(each_status(), path)


def test_missing_scenario(tmp_path: Path) -> None:
    """A missing scenario is named."""
    write(run(Outcome(planned(1, "A"), Status.PASSED)), tmp_path / "junit.xml")
    with pytest.raises(ReportError, match=r"chat\.feature:2 is passed in the run and absent in the file"):
        must_agree(run(Outcome(planned(1, "A"), Status.PASSED), Outcome(planned(2, "B"), Status.PASSED)), tmp_path / "junit.xml")


def test_missing_crash(tmp_path: Path) -> None:
    """A file without the crash of its run is refused."""
    write(run(Outcome(planned(1, "A"), Status.PASSED)), tmp_path / "junit.xml")
    with pytest.raises(ReportError, match="errors of the run 1"):
        must_agree(run(Outcome(planned(1, "A"), Status.PASSED), crash="KeyError"), tmp_path / "junit.xml")


any_text = st.text(st.characters(exclude_categories=()) | st.sampled_from("\x1b\x00\n\r\t]>&<\"'\ufffe\udc80[1 "), max_size=12)


earlier = st.builds(
    Outcome, st.just(planned(1, "A")), st.sampled_from((Status.FAILED, Status.INCONCLUSIVE)), message=any_text, detail=any_text
)


@st.composite
def any_runs(draw: st.DrawFn) -> RunResult:
    outcomes = [
        Outcome(
            Planned(f"{line}{draw(any_text)}", draw(any_text), draw(any_text), draw(any_text), line, (draw(any_text),), draw(any_text)),
            (status := draw(st.sampled_from(Status))),
            draw(st.floats(0, 1e6)),
            draw(any_text),
            draw(any_text),
            draw(any_text),
            # Below a folder that is missing: the report lists the files of `/` too, and some vanish meanwhile.
            draw(st.none() | any_text.map(lambda text: Path(f"missing{text}"))),
            notes=(draw(any_text),),
            earlier=draw(st.none() | earlier),
            reason=reason_of(status),
        )
        for line in range(10, 10 + draw(st.integers(0, 4)))
    ]
    problems = draw(st.lists(st.builds(RunProblem, any_text, any_text, st.sampled_from([None, *Reason])), max_size=2))
    texts = [draw(any_text) for _ in range(3)]
    broken = [draw(st.none() | any_text) for _ in range(2)]
    return RunResult(
        texts[0], 7, texts[1], texts[2], tuple(outcomes), tuple(problems), broken[0], broken[1], 1.0, {draw(any_text): draw(any_text)}
    )


@settings(deadline=None)
@given(any_runs())
def test_any_text(result: RunResult) -> None:
    """Any text in any place gives a file that parses, with each status and the result of the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "junit.xml"
        write(result, path)
        root, statuses = ElementTree.parse(path).getroot(), list(read(path).values())
    is_red = root.get("failures") != "0" or root.get("errors") != "0"
    assert (statuses, is_red) == ([outcome.status for outcome in result.outcomes], exit_code(result) != 0)
