"""Verbs and options of the last release: hidden, and with one line of notice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hivecheck.cli.main import main
from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow
SECONDS = 50


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hivecheck.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=PROJECT_ROOT, check=False)


@pytest.mark.parametrize(
    ("words", "notice"),
    [
        (["prove", "no-such-mutant"], "`hivecheck prove` is now `hivecheck mutate`; the old name works until the next release"),
        (["flake", "--runs", "1"], "`hivecheck flake` is now `hivecheck repeat`"),
        (["mutate", "no-such-mutant", "--also", "1"], "`--also` is now `--sample`"),
        (["run", "--platform", "process", "--plan", "none.json"], "`--plan` is now `--fault-plan`"),
        (["run", "--platform", "nowhere", "-D", "keep=true"], "`-D keep` is now `-D keep_failed`"),
    ],
    ids=["prove", "flake", "--also", "--plan", "-D keep"],
)
def test_old_name_works(words: list[str], notice: str) -> None:
    """An old name reaches the command of today, which refuses these values, and prints one line of notice."""
    ended = run(*words)
    assert ended.returncode == 2, ended.stderr
    assert notice in ended.stderr.splitlines()[0]
    assert ended.stderr.count("until the next release") == 1


def test_help_of_old_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help of an old command says that its name is old."""
    with pytest.raises(SystemExit):
        main(["prove", "--help"])
    written = capsys.readouterr()
    assert "`hivecheck prove` is now `hivecheck mutate`" in written.err
    assert "usage: hivecheck mutate" in written.out


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The refusal of an unknown command lists the present commands only."""
    with pytest.raises(SystemExit, match="2"):
        main(["foo"])
    written = capsys.readouterr().err
    assert "mutate" in written and "cleanup" in written
    assert not [old for old in ("prove", "flake", "reap") if old in written]


def test_number_of_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that needs a number says so in words."""
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--seed", "seven"])
    assert "argument --seed: expected a whole number, not 'seven'" in capsys.readouterr().err


def test_old_names_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists no old verb and no old option."""
    for words in (["--help"], ["run", "--help"], ["mutate", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
    text = capsys.readouterr().out
    assert not [old for old in ("prove", "flake", "reap", "--also", "--plan") if f"  {old} " in text]
    assert "--keep-failed, --keep" in text
