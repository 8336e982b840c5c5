"""The examples of docs/ci.md: each is YAML, and its commands are those of the command line."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from source_tree import text_of

from hivecheck.cli.main import main
from hivecheck.settings import Settings

BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", text_of("docs/ci.md"), re.MULTILINE | re.DOTALL)
# What the CI servers put in place of their variables.
VALUES = {"matrix.part": "2", "strategy.job-total": "5", "github.run_id": "7"}
VALUES |= {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "5", "CI_PIPELINE_ID": "7"}
RUNS = ("hivecheck run", "hivecheck merge")


def texts(node: Any) -> Iterator[str]:
    """Each text of a document."""
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(child)


def commands() -> list[str]:
    """Each command of `hivecheck`, with values for the variables."""
    lines = [line for block in BLOCKS for text in texts(yaml.safe_load(block)) for line in re.split(r"\|\||;|\n", text)]
    own = [line.strip().removeprefix(".venv/bin/") for line in lines if any(run in line for run in RUNS)]
    return [re.sub(r"\$\{\{ ([\w.-]+) \}\}|\$(\w+)", lambda found: VALUES[found[1] or found[2]], line) for line in own]


def test_examples_exist() -> None:
    """There is an example for each CI server, and each runs a part and merges."""
    assert [sorted({name for name in RUNS if name in block}) for block in BLOCKS[:2]] == [["hivecheck merge", "hivecheck run"]] * 2


@pytest.mark.parametrize("command", commands())
def test_commands_are_accepted(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has options of the command line, and settings that exist."""
    words = shlex.split(command)[1:]
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    output = capsys.readouterr().out
    assert end.value.code == 0, command
    assert [word for word in words if word.startswith("-") and word not in output] == []
    given = dict(itertools.pairwise(words))
    named = {name.removeprefix("--").replace("-", "_"): given[name] for name in ("--split", "--platform", "--seed") if name in given}
    defined = [after for word, after in itertools.pairwise(words) if word == "-D"]
    assert Settings.load({}, named | dict(pair.split("=", 1) for pair in defined))


def test_jobs_are_wired() -> None:
    """Each job that an example needs exists, and what a part uploads is what the merge downloads."""
    for jobs in (yaml.safe_load(BLOCKS[0])["jobs"], yaml.safe_load(BLOCKS[1])):
        needed = {name for job in jobs.values() if isinstance(job, dict) for name in _listed(job.get("needs", []))}
        assert needed == {"durations", "part"} <= set(jobs)
    parts = yaml.safe_load(BLOCKS[0])["jobs"]["part"]["steps"][-1]["with"]["name"]
    fetched = next(
        step["with"]["pattern"] for step in yaml.safe_load(BLOCKS[0])["jobs"]["merge"]["steps"] if "pattern" in step.get("with", {})
    )
    assert parts.startswith(fetched.removesuffix("*"))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
