"""An environment of its own for a target's packages, made on request below the cache folder. Never part of the project's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from hivecheck.errors import TargetError
from hivecheck.targets.target import Target

INSTALL_SECONDS = 600.0
LAST_LINES = 3


def home(cache: Path, target: Target) -> Path:
    """Where the target's environment is, or would be: `$home` of its templates."""
    return cache.expanduser().resolve() / "targets" / target.name


def install(cache: Path, target: Target, say: Callable[[str], None]) -> Path:
    """Make the environment and put the target's packages into it; returns its folder. Raises TargetError when that fails."""
    if target.install is None:
        raise TargetError(f"target {target.name} has no [install], so there is nothing to install; it brings its gateway along.")
    place = home(cache, target)
    say(f"installing {', '.join(target.install.packages)} into {place} ...")
    _must_succeed(target, [sys.executable, "-m", "venv", str(place)])
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _must_succeed(target, [*pip, *target.install.packages])
    return place


def _must_succeed(target: Target, command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise TargetError(f"target {target.name}: {' '.join(command)} did not end within {INSTALL_SECONDS:g} s; try it by hand.") from None
    if done.returncode:
        output = " / ".join((done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:])
        raise TargetError(f"target {target.name}: expected {' '.join(command)} to succeed, got exit code {done.returncode}: {output}")
