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
def test_packages_are_installed_beside_the_project_and_not_into_it(wheel: Path, tmp_path: Path) -> None:
    said: list[str] = []
    home = environments.install(tmp_path / "cache", target(str(wheel)), said.append)
    assert home == environments.home(tmp_path / "cache", target()) == tmp_path / "cache" / "targets" / "toy"
    assert subprocess.run([home / "bin" / "toy"], capture_output=True, text=True, check=True).stdout == "a toy\n"
    assert "toy-1.0-py3-none-any.whl" in said[0]


@pytest.mark.slow
def test_an_installation_that_fails_says_what_was_tried_and_what_came(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"expected .*pip install .*missing\.whl to succeed, got exit code 1: .*"):
        environments.install(tmp_path, target(str(tmp_path / "missing.whl")), lambda sentence: None)


def test_a_target_that_brings_its_gateway_along_has_nothing_to_install(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"has no \[install\]"):
        environments.install(tmp_path, target(), lambda sentence: None)


@pytest.mark.parametrize("names", [[], ["reference"]])
def test_installing_nothing_is_refused_with_what_there_is(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets", "install", *names]) == 2
    assert "Name what to install: vllm-router" in capsys.readouterr().err


def test_the_list_has_every_target_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets", "list"]) == 0
    assert capsys.readouterr().out.startswith("vllm-router       vllm-router 0.1.17")
