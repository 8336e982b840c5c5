"""Every example of docs/guides/ does what its page says: settings run in a real orchestrator, commands run against it, one page a stack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from hivecheck.settings import PROJECT_ROOT, Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.topologies.topology import Topology
from services.orchestrator.settings import Settings as OrchestratorSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

GUIDES = sorted((PROJECT_ROOT / "docs" / "guides").glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"# (orchestrator|hive|registry)\.toml\n")
COMMAND_SECONDS = 100.0  # for a busy machine
DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(OrchestratorSettings)}
NO_SETTINGS = {
    "upstream_timeout",
    "no_available_workers",
    "gateway_session_pins",
    "gateway_retries_denied_total",
    "shard_dead",
    "shard_late",
    "max_stall",
    "error_rate",
    "integrity_rate",
    "finish_reason",
}


class Example(NamedTuple):
    """A command, and the output on the page, or None without one."""

    command: str
    output: str | None


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of every fenced block."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


def examples(page: Path) -> list[Example]:
    found = blocks(page)
    after = [*found[1:], ("", "")]
    return [
        Example(text, printed if kind == "text" else None)
        for (language, text), (kind, printed) in zip(found, after, strict=True)
        if language == "sh"
    ]


def arranged(page: Path) -> Topology:
    """The small stack, with the page's settings laid over."""
    base = topology.load("small")
    nodes = {node.name: node for node in base.nodes}
    for language, text in blocks(page):
        if language == "toml" and (place := PLACE.match(text)):
            for node in base.of(place[1]):
                nodes[node.name] = msgspec.structs.replace(node, settings=nodes[node.name].settings | tomllib.loads(text))
    return Topology(base.name, base.summary, tuple(nodes.values()))


@pytest.fixture
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    settings = Settings.load({}, {"platform": "process"})
    platform = platform_factory.open_platform("process", settings, f"test-{uuid.uuid4().hex[:8]}", tmp_path, str)
    made = Stack("guide-1", arranged(request.param), platform, Timeouts())
    made.up()
    yield made
    assert made.down() == []


def matches(printed: str, came: str) -> bool:
    """Line by line; `...` stands for anything within a line."""
    expected, actual = printed.strip("\n").split("\n"), came.strip("\n").split("\n")
    patterns = [re.escape(line.strip()).replace(re.escape("..."), ".*") for line in expected]
    return len(expected) == len(actual) and all(re.fullmatch(pattern, line.strip()) for pattern, line in zip(patterns, actual, strict=True))


@pytest.mark.parametrize(("stack", "page"), [(page, page) for page in GUIDES], ids=[page.stem for page in GUIDES], indirect=["stack"])
def test_examples_run(stack: Stack, page: Path, tmp_path: Path) -> None:
    """Every example of a guide prints what the page shows."""
    variables = {
        "GATEWAY": stack.orchestrator.url,
        "KEY": stack.secrets.keys["tester"],
        "TOKEN": stack.secrets.token,
        "FOLDER": str(tmp_path),
    }
    assert examples(page)
    for example in examples(page):
        done = subprocess.run(
            ["sh", "-e", "-c", example.command],
            # `hivecheck` is the one of this Python.
            env=os.environ | variables | {"no_proxy": "*", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{example.command}\n{done.stdout}{done.stderr}"
        if example.output is not None:
            assert matches(example.output, done.stdout), (
                f"{example.command}\nexpected: {example.output}\nactual: {done.stdout}{done.stderr}"
            )


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_block_languages(page: Path) -> None:
    """A guide holds settings, commands and their output only."""
    assert [language for language, text in blocks(page) if language not in ("toml", "sh", "text")] == []
    assert [text for language, text in blocks(page) if language == "toml" and not PLACE.match(text)] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_settings_exist(page: Path) -> None:
    """Every setting of a guide exists."""
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", FENCE.sub("", page.read_text(encoding="utf-8")))
    assert [name for name in named if name not in DEFAULTS and name not in NO_SETTINGS] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_defaults_are_true(page: Path) -> None:
    """Every default of a guide is the default of the code."""
    text = page.read_text(encoding="utf-8")
    in_tables = re.findall(r"^\| `(\w+)` \|[^|]*\| ([\d.]+) s \|", text, re.MULTILINE)
    in_lists = re.findall(r"^\* \*\*`(\w+)`\*\* \(([\d.]+)\)", text, re.MULTILINE)
    assert [(name, value) for name, value in in_tables + in_lists if DEFAULTS[name] != float(value)] == []


def test_wrong_example_is_found() -> None:
    """An example with another output is found."""
    assert matches("a ... c\n2\n", "a b c\n2\n")
    assert not matches("a ... c\n2\n", "a b c\n3\n")
    assert not matches("a\n", "a\nb\n")
