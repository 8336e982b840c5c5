"""A target's packages in an environment of their own."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from hivecheck.cli.main import main
from hivecheck.errors import TargetError
from hivecheck.targets import environments
from hivecheck.targets.target import Declaration, Install, Ready, Target

INFO = {
    "METADATA": "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "entry_points.txt": "[console_scripts]\ntoy = toy:main\n",
    "RECORD": "",
}


def target(*packages: str) -> Target:
    install = Install(packages) if packages else None
    return Target(
        name="toy", summary="A toy.", command=("$home/bin/toy",), declares=Declaration(("SVC-003",)), ready=Ready("/"), install=install
    )


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy.py", "def main():\n    print('a toy')\n")
        for name, text in INFO.items():
            archive.writestr(f"toy-1.0.dist-info/{name}", text)
    return path


@pytest.mark.slow
def test_install_is_separate(wheel: Path, tmp_path: Path) -> None:
    """Packages go into an environment of their own."""
    messages: list[str] = []
    home = environments.install(tmp_path / "cache", target(str(wheel)), messages.append)
    assert home == environments.home(tmp_path / "cache", target()) == tmp_path / "cache" / "targets" / "toy"
    assert subprocess.run([home / "bin" / "toy"], capture_output=True, text=True, check=True).stdout == "a toy\n"
    assert "toy-1.0-py3-none-any.whl" in messages[0]


@pytest.mark.slow
def test_install_failure(tmp_path: Path) -> None:
    """The error about a failed installation has the command and its output."""
    with pytest.raises(TargetError, match=r"expected .*pip install .*missing\.whl to succeed, got exit code 1: .*"):
        environments.install(tmp_path, target(str(tmp_path / "missing.whl")), lambda sentence: None)


def test_nothing_to_install(tmp_path: Path) -> None:
    """A target with an image or a URL has nothing to install."""
    with pytest.raises(TargetError, match=r"has no \[install\]"):
        environments.install(tmp_path, target(), lambda sentence: None)


@pytest.mark.parametrize("names", [[], ["reference"]])
def test_install_needs_name(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An installation without a name is refused with the list of targets."""
    assert main(["targets", "install", *names]) == 2
    assert "next: name one of vllm-router" in capsys.readouterr().err


def test_list_of_targets(capsys: pytest.CaptureFixture[str]) -> None:
    """The list has every target with its summary."""
    assert main(["targets", "list"]) == 0
    assert capsys.readouterr().out.startswith("vllm-router       vllm-router 0.1.17")
