"""One acceptance run in a process of its own, on given sources, read back as data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hivecheck.reports import result_data

# The limit of a run that hangs as a whole. Scenarios have limits of their own.
SELECTED_SECONDS = 600.0
WHOLE_SECONDS = 3600.0  # for all scenarios
AS_IT_IS = ("-D", f"known_failures={os.devnull}")  # a known failure is a failure: for commands that compare the runs themselves


@dataclass(frozen=True)
class SubRun:
    """`scenarios`: key -> name, status, requirements, message, ...; `source_hash` is the one that each node reported.

    `problems` are those of the run as a whole. `exit_code` is None for a run that was killed after its time limit.
    """

    exit_code: int | None
    scenarios: dict[str, dict[str, Any]]
    source_hash: str
    output: str
    problems: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def with_status(self, status: str) -> list[str]:
        return [key for key, scenario in self.scenarios.items() if scenario["status"] == status]


def run(services_root: Path, requirements: Sequence[str], report_dir: Path, seed: int, platform: str, jobs: int = 0) -> SubRun:
    """Run the integration scenarios of these requirements (of all for none) against the services below `services_root`.

    `jobs` is that of `hivecheck run`; 0 lets it choose.
    """
    tags = tags_of(requirements)
    options = ["--tags", tags, "--seed", str(seed), "--platform", platform, "-D", f"services_root={services_root}", "--jobs", str(jobs)]
    # Settings of the person's shell would change the runs that are compared.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVECHECK_")}
    return carry_out(options, report_dir, environment, SELECTED_SECONDS if requirements else WHOLE_SECONDS)


def tags_of(requirements: Sequence[str]) -> str:
    """The tag expression for the integration scenarios of these requirements, of all for none. Slow ones are not among them."""
    named = " or ".join(f"@{requirement}" for requirement in requirements)
    return f"({named}) and @integration" if named else "@integration"


def carry_out(options: Sequence[str], report_dir: Path, environment: Mapping[str, str], seconds: float = SELECTED_SECONDS) -> SubRun:
    """`hivecheck run` with these options in the current folder, reports in `report_dir`. It is killed after `seconds`."""
    command = [sys.executable, "-m", "hivecheck.cli", "run", *options, "-D", f"report_dir={report_dir}"]
    path = report_dir / "result.json"
    path.unlink(missing_ok=True)  # a refused run writes none, and an older result would be read as its own
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env={**environment, "CI": "true"}, check=False)
    except subprocess.TimeoutExpired as error:
        return SubRun(None, {}, "", f"{_text(error.stdout)}{_text(error.stderr)}\nthe run took longer than {seconds:g} s and was killed")
    content = result_data.read(path)
    output = ended.stdout + ended.stderr
    return SubRun(ended.returncode, content.get("scenarios", {}), content.get("source_hash", ""), output, content.get("problems", []))


def _text(output: str | bytes | None) -> str:
    """The output of a killed run. Python gives it undecoded, even with `text=True`."""
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
