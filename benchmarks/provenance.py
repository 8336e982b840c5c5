"""Where figures come from: the machine, and the commit of the code that it ran. Results hold both."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from pathlib import Path

BENCHMARKS = Path(__file__).parent


def machine(load: float) -> dict[str, object]:
    """`load` is the load average at the start."""
    return {
        "cores": os.cpu_count(),
        "processor": processor(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "load": round(load, 2),
    }


def processor() -> str:
    """Its model; the name of the architecture where the system tells no more."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def commit() -> str:
    """The commit of the checkout. `-dirty` marks changes beside results, and `unknown` a copy without git."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)benchmarks/results")
    return f"{head}-dirty" if changed else head


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
