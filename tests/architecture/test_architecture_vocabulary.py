"""The vocabulary of the steps stays small, and docs/steps.md explains all of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from source_tree import ROOT

from hivecheck.docs_pages import ANY, TASKS, StepDefinition, figures, vocabulary

MAX_DEFINITIONS = 220
MIN_MEAN_USES = 7.5
MAX_USED_ONCE = 0.25


@cache
def steps() -> list[StepDefinition]:
    """Every step definition, with its uses."""
    return vocabulary(ROOT)


def test_number_of_definitions() -> None:
    """A stranger can learn the vocabulary: a new sentence first tries to be a parameter of an old one."""
    assert figures(steps())[0] <= MAX_DEFINITIONS


def test_mean_uses() -> None:
    """A definition is used by many steps."""
    assert figures(steps())[1] >= MIN_MEAN_USES


def test_share_used_once() -> None:
    """Few definitions serve a single step."""
    once = [step.pattern for step in steps() if len(step.used) == 1]
    assert len(once) <= MAX_USED_ONCE * len(steps()), "\n".join(once)


def test_every_step_has_a_task() -> None:
    """Each step stands in exactly one table of docs/steps.md."""
    rows = [(name, keyword) for files in TASKS.values() for name, keywords in files for keyword in keywords]
    assert len(rows) == len(set(rows))
    assert {(step.file, step.keyword) for step in steps()} <= set(rows)
    assert {name for name, _ in rows} == {path.stem.removesuffix("_steps") for path in (ROOT / "steps").glob("*_steps.py")}
    assert set(ANY) == {"given", "when", "then", "step"}


def test_every_step_is_explained() -> None:
    """Each step function has a docstring, which becomes the step's row in docs/steps.md."""
    assert [f"{step.file}: {step.pattern}" for step in steps() if not step.meaning] == []


def test_uses_match_behave(tmp_path: Path) -> None:
    """A use is counted for the definition that takes it, with optional suffixes present or absent."""
    (tmp_path / "steps").mkdir()
    (tmp_path / "features").mkdir()
    pattern = "{fault:Fault} is injected into {target:FaultTarget}{seconds:Duration}"
    (tmp_path / "steps/faults_steps.py").write_text(f'@step("{pattern}")\ndef inject(context):\n    """Injects."""\n')
    lines = ["When a SIGKILL is injected into worker-1", "And a SIGKILL is injected into worker-1 for 2 seconds", "Then it works"]
    (tmp_path / "features/a.feature").write_text("Feature: A\n  Scenario: B\n    " + "\n    ".join(lines) + "\n")
    [step] = vocabulary(tmp_path)
    assert step.sentence == "<fault> is injected into <target>[seconds]"
    assert step.types == "target: FaultTarget, seconds: Duration"
    assert [text for _, text in step.used] == ["a SIGKILL is injected into worker-1", "a SIGKILL is injected into worker-1 for 2 seconds"]
