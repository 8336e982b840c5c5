"""One acceptance run in a process of its own, on given sources, read back as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# For one that hangs as a whole; scenarios have limits of their own.
TRIAL_SECONDS = 600.0
WHOLE_SECONDS = 3600.0  # of every scenario there is


@dataclass(frozen=True)
class SubRun:
    """`scenarios`: key -> name, status, requirements, message, ...; `source_hash` is what every node of the run reported.

    `findings` are what was wrong with the run as a whole; `exit_code` is None for a run that had to be stopped.
    """

    exit_code: int | None
    scenarios: dict[str, dict[str, Any]]
    source_hash: str
    output: str
    findings: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def with_status(self, status: str) -> list[str]:
        return [key for key, scenario in self.scenarios.items() if scenario["status"] == status]


def run(services_root: Path, requirements: Sequence[str], report_dir: Path, seed: int, platform: str) -> SubRun:
    """Run every scenario of these requirements (all of them for none) against the services below `services_root`."""
    tags = " or ".join(f"@{requirement}" for requirement in requirements) or "@integration"
    options = ["--tags", tags, "--seed", str(seed), "--platform", platform, "-D", f"services_root={services_root}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVECHECK_")}
    return carry_out(options, report_dir, environment, TRIAL_SECONDS if requirements else WHOLE_SECONDS)


def carry_out(options: Sequence[str], report_dir: Path, environment: Mapping[str, str], seconds: float = TRIAL_SECONDS) -> SubRun:
    """`hivecheck run` with these options, here; it reports below `report_dir`. One that takes longer than `seconds` is killed."""
    command = [sys.executable, "-m", "hivecheck.cli", "run", *options, "-D", f"report_dir={report_dir}"]
    path = report_dir / "result.json"
    path.unlink(missing_ok=True)  # a run that is refused before it begins must not leave an earlier one's result as its own
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env={**environment, "CI": "true"}, check=False)
    except subprocess.TimeoutExpired as error:
        return SubRun(None, {}, "", f"{_text(error.stdout)}{_text(error.stderr)}\nthe run took longer than {seconds:g} s and was killed")
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    findings = told.get("findings", [])
    return SubRun(done.returncode, told.get("scenarios", {}), told.get("source_hash", ""), done.stdout + done.stderr, findings)


def _text(said: str | bytes | None) -> str:
    """What a killed run had said; Python hands it over undecoded, whatever was asked for."""
    return said.decode(errors="replace") if isinstance(said, bytes) else said or ""
