"""An environment of its own for a peer's packages, below the user's cache folder, made on demand and kept for the next run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from peers.peer import Peer

INSTALL_SECONDS = 1800.0
# All packages that a peer's own version brought along, so that its figures stay those of the same code.
CONSTRAINTS = Path(__file__).parent / "constraints"
DONE = "installed"
NEWEST_MINOR = 14


class NotInstalledError(Exception):
    """A peer that cannot be installed here; the text is the reason."""


def folder(cache: Path, peer: Peer) -> Path:
    """Where the peer's environment is, or would be. Its name holds the version, so another one gets another environment."""
    return cache / "-".join(peer.packages[0].split("==")) if peer.packages else cache / peer.name


def must_be_installed(cache: Path, peer: Peer) -> Path:
    """The folder of the peer's programs. Raises NotInstalledError."""
    if peer.program and not shutil.which(peer.program):
        raise NotInstalledError(f"the machine has no {peer.program}; the package of that name of the distribution brings it")
    if not peer.packages:
        return Path(sys.executable).parent
    place = folder(cache, peer)
    mark = place / DONE
    whole = "".join(f"{package}\n" for package in peer.packages)
    if not mark.exists() or mark.read_text(encoding="utf-8") != whole:
        sys.stdout.write(f"installing {', '.join(peer.packages)} into {place} ...\n")
        sys.stdout.flush()
        shutil.rmtree(place, ignore_errors=True)  # of an installation that was interrupted
        _must_succeed([str(_python(peer.oldest_python)), "-m", "venv", str(place)])
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _must_succeed([*pip, "--constraint", str(CONSTRAINTS / f"{peer.name}.txt"), *peer.packages])
        if peer.has_tokenizer:
            _must_succeed([str(place / "bin" / "python"), str(Path(__file__).with_name("tokenizer.py")), str(place / "tokenizer")])
        mark.write_text(whole, encoding="utf-8")
    return place / "bin"


def _python(oldest: tuple[int, int]) -> Path:
    """This Python, or another one of the machine that is new enough. Raises NotInstalledError."""
    if sys.version_info[:2] >= oldest:
        return Path(sys.executable)
    for path in _other_pythons(oldest):
        # A shim of pyenv exists for versions that it does not run.
        if subprocess.run([str(path), "-c", "import venv"], capture_output=True, check=False).returncode == 0:
            return path
    raise NotInstalledError(f"it needs Python {oldest[0]}.{oldest[1]} or newer, and none was found")


def _other_pythons(oldest: tuple[int, int]) -> Iterator[Path]:
    for minor in range(oldest[1], NEWEST_MINOR + 1):
        if found := shutil.which(f"python3.{minor}"):
            yield Path(found)
        yield from sorted((Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/python"))


def _must_succeed(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalledError(f"`{' '.join(command)}` did not end within {INSTALL_SECONDS:g} s") from None
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["no output"]
        raise NotInstalledError(f"`{' '.join(command[2:])}` failed: {last[0][:300]}")
