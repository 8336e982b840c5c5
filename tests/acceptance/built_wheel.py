"""The wheel as a user gets it: built from a copy of the project, and installed into an environment of its own. Needs no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

from hivecheck.settings import PROJECT_ROOT

MAPPED = {"docker/": "hivecheck/docker/", "features/": "hivecheck/features/", "steps/": "hivecheck/steps/"}
SECONDS = 50
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
OFFLINE = ("--quiet", "--no-deps", "--no-index")


def tracked() -> list[str]:
    """The project's files: tracked, or new and not ignored."""
    command = ["git", "-C", str(PROJECT_ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    return sorted(name for name in set(ended(command).stdout.splitlines()) if (PROJECT_ROOT / name).is_file())


def packaged() -> list[str]:
    """The paths in a wheel of all files that it must hold."""
    own = [name for name in tracked() if name.startswith(("hivecheck/", "services/"))]
    return sorted(
        [*own, *(place + name.removeprefix(folder) for folder, place in MAPPED.items() for name in tracked() if name.startswith(folder))]
    )


def build(folder: Path) -> Path:
    """The wheel, built below `folder`."""
    # A copy, because setuptools packs the leftovers of an earlier build/ of its source too.
    for name in tracked():
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT_ROOT / name, folder / "source" / name, follow_symlinks=False)
    ended([*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(folder), str(folder / "source")])
    (wheel,) = folder.glob("hivecheck-*.whl")
    return wheel


def content(wheel: Path) -> list[str]:
    """The files in a wheel, without its metadata."""
    with ZipFile(wheel) as archive:
        return sorted(name for name in archive.namelist() if ".dist-info/" not in name)


class Installation:
    """An environment with the wheel; its dependencies are those of the environment that runs the tests."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self._bin = folder / "bin"
        ended([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        ended([*PIP, "--python", str(self._bin / "python"), "install", *OFFLINE, str(wheel)])
        (self.site,) = folder.glob("lib/python*/site-packages")
        # Python takes packages from a folder that a .pth names, but not that folder's own .pth files: the checkout stays invisible.
        (self.site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    def hivecheck(self, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """The installed command, in the folder of a user."""
        return _carry_out([str(self._bin / "hivecheck"), *words], folder)

    def python(self, program: str, folder: Path) -> str:
        """What a program prints."""
        return ended([str(self._bin / "python"), "-c", program], folder).stdout.strip()


def ended(command: Sequence[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command that must succeed."""
    done = _carry_out(command, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def _carry_out(command: Sequence[str], folder: Path | None) -> subprocess.CompletedProcess[str]:
    """Without the settings of the shell that runs the tests."""
    environment = {
        name: text for name, text in os.environ.items() if name not in {"CI", "PYTHONPATH"} and not name.startswith("HIVECHECK_")
    }
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, cwd=folder, check=False)
