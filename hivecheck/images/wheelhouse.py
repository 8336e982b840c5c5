"""Wheels for the base image's Python, fetched by the host's pip and kept, so that the image is built without a network."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hivecheck.errors import ImageError
from hivecheck.wording import Say, excerpt

# The oldest glibc that wheels for any Python of ours are built against (PEP 600; manylinux2014 is its older name).
OLDEST_GLIBC_MINOR = 17
KEPT_WHEELHOUSES = 3
PIP_SECONDS = 600


def platform_tags(machine: str, glibc: str) -> list[str]:
    """Every wheel platform that runs on this machine and glibc, the newest first. Raises ImageError for a glibc that is too old."""
    major, minor = (int(part) for part in glibc.split(".")[:2])
    if major != 2 or minor < OLDEST_GLIBC_MINOR:
        raise ImageError(
            f"The base image must have glibc 2.{OLDEST_GLIBC_MINOR} or newer; it has {glibc}. Choose another base with --base."
        )
    newest_first = [f"manylinux_2_{number}_{machine}" for number in range(minor, OLDEST_GLIBC_MINOR - 1, -1)]
    return [*newest_first, f"manylinux2014_{machine}"]


def fetch(requirements: str, python: str, machine: str, glibc: str, cache_dir: Path, say: Say) -> dict[str, bytes]:
    """File name -> content of every wheel that `requirements` (locked, with hashes) needs. Raises ImageError if one cannot be had."""
    folder = cache_dir / "wheels" / hashlib.sha256(repr((requirements, python, machine, glibc)).encode()).hexdigest()[:12]
    if not folder.is_dir():
        say(f"fetching wheels for Python {python} on {machine}")
        _download(requirements, python, platform_tags(machine, glibc), folder)
        _forget_old(folder)
    return {wheel.name: wheel.read_bytes() for wheel in sorted(folder.glob("*.whl"))}


def _download(requirements: str, python: str, tags: list[str], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=folder.parent) as made:
        listed, wheels = Path(made) / "requirements.txt", Path(made) / "wheels"
        listed.write_text(requirements, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        # pip accepts a foreign --platform or --python-version only with --only-binary=:all: or --no-deps.
        command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, "--dest", str(wheels)]
        command += [part for tag in tags for part in ("--platform", tag)]
        done = subprocess.run(
            [*command, "-r", str(listed)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PIP_SECONDS,
            check=False,
        )
        if done.returncode:
            output = excerpt(done.stdout.splitlines())
            raise ImageError(
                f"pip should have fetched the services' wheels for Python {python}, {tags[0]}, but:{output}\n"
                "Look at pip's configuration (`pip config list`) and the way to its index; or choose a base with another Python (--base)."
            )
        # A rename on one file system is atomic, so an interrupted download never looks complete.
        wheels.rename(folder)


def _forget_old(newest: Path) -> None:
    others = sorted((path for path in newest.parent.iterdir() if path != newest), key=lambda path: -path.stat().st_mtime)
    for path in others[KEPT_WHEELHOUSES - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
