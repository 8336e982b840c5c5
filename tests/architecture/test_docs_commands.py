"""What the written pages name - commands, options, files, links, layers - exists. The generated pages are not looked at."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser
from contextlib import suppress

import pytest
from source_tree import ROOT, project_files, text_of

from hivecheck.cli.main import main

WRITTEN = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *(f"docs/{name}.md" for name in ("architecture", "ci", "glossary", "platforms", "reference-stack", "soak", "tutorial", "verdicts")),
)
FOLDERS = ("docs/adr/", "docs/guides/", "docs/conformance/", "docs/targets.md")
PAGES = [*WRITTEN, *(name for name in project_files() if name.startswith(FOLDERS) and name.endswith(".md"))]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(/[\w.<>*-]+)*/?")
LINK = re.compile(r"\]\(([^)#:]+)\)")
MADE_BY_READERS = ("reports/", ".venv/", "features/first.feature")


def spans(page: str) -> list[str]:
    """What stands in back quotes outside code blocks."""
    return SPAN.findall(FENCE.sub("", text_of(page)))


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of a page exists with its options."""
    for words in [shlex.split(span)[1:] for span in spans(page) if span.startswith("hivecheck ")]:
        with pytest.raises(SystemExit) as end:
            main([*words, "--help"])
        output = capsys.readouterr().out
        assert end.value.code == 0, f"hivecheck {shlex.join(words)}"
        assert [word for word in words if word.startswith("-") and word not in output] == []


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    """Every make target of a page exists."""
    named = re.findall(r"(?:^|`)make ([a-z]+)", text_of(page), re.MULTILINE)
    assert [target for target in named if not re.search(rf"^{target}:", text_of("Makefile"), re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page: str) -> None:
    """Every file path of a page exists."""
    paths = [re.sub(r":\d+$", "", span).removeprefix("./") for span in spans(page)]
    named = {path for path in paths if "/" in path and PATH.fullmatch(path) and not path.startswith(MADE_BY_READERS)}
    assert [path for path in sorted(named) if not any(ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/"))))] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    """Every link of a page leads to a file."""
    folder = (ROOT / page).parent
    assert [link for link in LINK.findall(FENCE.sub("", text_of(page))) if not (folder / link).exists()] == []


def test_layers_match() -> None:
    """The layers of the architecture page are those of setup.cfg."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = config["importlinter:contract:layers"]["layers"].strip()
    assert f"```\n{layers}\n```" in text_of("docs/architecture.md")


def test_readme_lists_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """The README names every visible subcommand."""
    with suppress(SystemExit):
        main(["--help"])
    commands = re.findall(r"^    ([a-z]+)  ", capsys.readouterr().out, re.MULTILINE)
    assert commands and [command for command in commands if f"hivecheck {command}" not in text_of("README.md")] == []
