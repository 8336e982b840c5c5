"""A small behave project in a temporary folder, and its real runs as subprocesses."""

from __future__ import annotations

import configparser
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import psutil

from hivecheck import process_labels
from hivecheck.settings import PROJECT_ROOT
from hivecheck.waiting import eventually

RUN_SECONDS = 40.0
STEPS = """
import signal
from pathlib import Path

from behave import step


def note(text):
    with Path("notes.txt").open("a") as file:
        file.write(text + "\\n")


@step("it works")
def works(context):
    pass


@step("the answer is right")
def right(context):
    assert 2 == 2


@step("the answer is wrong")
def wrong(context):
    assert False, "expected: the answer 2\\nactual: 3"


@step("a step breaks")
def breaks(context):
    raise ValueError("no such thing as a free lunch")


@step("it is noted that {name} runs")
def noted(context, name):
    note(name)


@step("a step waits for ever")
def waits(context):
    Path("ready").touch()
    while True:
        signal.pause()
"""


def scenario(name: str, *steps: str, tags: str = "") -> str:
    """The Gherkin of one scenario; its last step is the Then that every scenario needs."""
    lines = [f"    {'Then' if number == len(steps) else 'Given'} {step}" for number, step in enumerate(steps, start=1)]
    return "\n".join([f"  {tags}", f"  Scenario: {name}", *lines, "", ""])


@dataclass(frozen=True)
class Ended:
    """A finished run: exit code, output, and JUnit report (None without one)."""

    exit_code: int
    output: str
    junit: ElementTree.Element | None

    @property
    def last_line(self) -> str:
        return self.output.rstrip().rpartition("\n")[2]

    def counts(self) -> tuple[int, int, int, int]:
        """Tests, failures, errors and skipped by the totals of the report. They must equal its elements."""
        assert self.junit is not None, f"there is no JUnit report; output:\n{self.output}"
        held = tuple(len(list(self.junit.iter(tag))) for tag in ("testcase", "failure", "error", "skipped"))
        totals = tuple(int(self.junit.get(name, "-1")) for name in ("tests", "failures", "errors", "skipped"))
        assert totals == held, f"totals {totals}, elements {held}"
        return held  # type: ignore[return-value]

    def element(self, name: str) -> ElementTree.Element:
        """The failure, error or skipped element of the test case of this name; the test case itself when it passed."""
        assert self.junit is not None, f"there is no JUnit report; output:\n{self.output}"
        cases = [case for case in self.junit.iter("testcase") if case.get("name") == name]
        assert len(cases) == 1, f"{len(cases)} test cases are named {name!r}: {[case.get('name') for case in self.junit.iter('testcase')]}"
        return next((child for child in cases[0] if child.tag in ("failure", "error", "skipped")), cases[0])

    def verdict_of(self, name: str) -> tuple[str, str]:
        """The element's tag and type: `("failure", "failed")`; `("testcase", "")` for a pass."""
        element = self.element(name)
        return element.tag, element.get("type", "")

    def reason_of(self, name: str) -> str | None:
        """The reason code of the test case of this name."""
        assert self.junit is not None, self.output
        (case,) = [case for case in self.junit.iter("testcase") if case.get("name") == name]
        found = case.find("properties/property[@name='reason']")
        return None if found is None else found.get("value")

    def text_of(self, name: str) -> str:
        """Message and text of the element."""
        element = self.element(name)
        return f"{element.get('message', '')}\n{element.text or ''}"

    def must_end(self, exit_code: int, words: str) -> None:
        """The exit code, and a last line with the same code and with these words."""
        assert self.exit_code == exit_code, f"expected: exit code {exit_code}\nactual: {self.exit_code}; output:\n{self.output}"
        assert f"(exit {exit_code})" in self.last_line, self.output
        assert words in self.last_line, self.output


class Going:
    """A running harness."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self._folder = folder
        self._output = folder / "output.txt"
        inherited = {name: text for name, text in os.environ.items() if name != "CI" and not name.startswith("HIVECHECK_")}
        with self._output.open("wb") as output:
            self.process = psutil.Popen(
                [sys.executable, "-m", "behave", *arguments],
                cwd=folder,
                env=inherited | {"HIVECHECK_PLATFORM": "process"} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def run_id(self) -> str:
        return next((path.name for path in (self._folder / "reports").glob("*-*-*")), "")

    def output(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, what: str, seconds: float = RUN_SECONDS) -> None:
        """Wait until this file exists; the run must not end before."""
        eventually(
            (self._folder / what).exists,
            within=seconds,
            what=f"the file {what}",
            gone=lambda: None if self.process.poll() is None else f"the run ended with {self.process.returncode}:\n{self.output()}",
        )

    def left(self) -> list[str]:
        """Every process of this run except the harness: by label, and by the run's id in its command line."""
        if not self.run_id:
            return []
        labelled = {process.pid: process.sentence() for process in process_labels.find(self.run_id)}
        return list((dict(_named(self.run_id)) | labelled).values())

    def watchdogs(self) -> list[int]:
        return [pid for pid, command in _named(self.run_id) if "hivecheck.cleanup.watchdog" in command]

    def end(self, seconds: float = RUN_SECONDS) -> Ended:
        """Wait for its end."""
        code = self.process.wait(seconds)
        report = self._folder / "reports" / "junit.xml"
        return Ended(code, self.output(), ElementTree.parse(report).getroot() if report.is_file() else None)

    def clear(self) -> None:
        """Leave nothing behind, also after a failed test."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
        if self.run_id:
            process_labels.sweep(self.run_id)


class SampleProject:
    """Features, steps and hooks like the repository's own, in a folder that a test fills."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._going: list[Going] = []
        own = configparser.RawConfigParser()
        own.read(PROJECT_ROOT / "setup.cfg")
        copied = configparser.RawConfigParser()
        copied["behave"] = dict(own["behave"])
        with (folder / "setup.cfg").open("w") as file:
            copied.write(file)
        shutil.copy(PROJECT_ROOT / "environment.py", folder)
        self.write("steps/sample_steps.py", STEPS)

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def add_steps(self, text: str) -> None:
        self.write("steps/more_steps.py", f"import signal\nimport sys\nfrom pathlib import Path\n\nfrom behave import step\n\n\n{text}")

    def add_hooks(self, text: str) -> None:
        """Hooks beside the real ones: a function of the same name replaces it."""
        self.write("environment.py", (PROJECT_ROOT / "environment.py").read_text() + "\n\n" + text)

    def feature(self, *scenarios: str, name: str = "sample", tags: str = "@integration @topology.none") -> None:
        self.write(f"features/{name}.feature", f"{tags}\nFeature: {name}\n\n" + "".join(scenarios))

    def services(self, *changes: tuple[str, str, str]) -> Path:
        """A copy of the services' source in which each change replaces one text: `(file, old, new)`. Returns its services_root."""
        root = self.folder / "changed"
        shutil.copytree(PROJECT_ROOT / "services", root / "services", ignore=shutil.ignore_patterns("__pycache__"))
        for file, old, new in changes:
            text = (root / "services" / file).read_text()
            assert text.count(old) == 1, f"{file} holds {text.count(old)} times {old!r}: change this test with the source"
            (root / "services" / file).write_text(text.replace(old, new))
        return root

    def start(self, *arguments: str, environment: dict[str, str] | None = None, folder: str = ".") -> Going:
        """Start `python -m behave` in a folder of the project."""
        going = Going(self.folder / folder, arguments, environment or {})
        self._going.append(going)
        return going

    def run(self, *arguments: str, environment: dict[str, str] | None = None, folder: str = ".") -> Ended:
        """One run from start to end."""
        return self.start(*arguments, environment=environment, folder=folder).end()

    @staticmethod
    def seed_in_order(count: int) -> int:
        """A seed that leaves the scenarios of a single feature in the order of its file."""
        return next(seed for seed in itertools.count(1) if _shuffled(seed, count) == list(range(count)))

    def notes(self) -> list[str]:
        path = self.folder / "notes.txt"
        return path.read_text().split() if path.exists() else []

    def clear(self) -> None:
        for going in self._going:
            going.clear()


def must_be_refused(project: SampleProject, ended: Ended, *words: str) -> None:
    """No verdict, an error in the report with these words, and no step has run."""
    assert ended.junit is not None, ended.output
    ended.must_end(2, "NO VERDICT")
    errors = " ".join(f"{error.get('message')} {error.text}" for error in ended.junit.iter("error"))
    for word in words:
        assert word in errors, errors
        assert word in ended.output, ended.output
    assert ended.junit.get("failures") == "0"
    assert project.notes() == []


def _shuffled(seed: int, count: int) -> list[int]:
    """As the runner does it: first the features, of which there is one, then the scenarios of each."""
    order, numbers = random.Random(seed), list(range(count))
    order.shuffle([0])
    order.shuffle(numbers)
    return numbers


def _named(run_id: str) -> Iterator[tuple[int, str]]:
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if run_id in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            yield process.info["pid"], f"pid {process.info['pid']}: {command}"
