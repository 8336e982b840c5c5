"""`hivecheck shrink` on real runs of a stack with a defect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hivecheck.mutation.mutant import Mutant, load, plant
from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow
SECONDS = 240
HARMLESS = {"at_seconds": 0.5, "fault": "a process pause", "target": "worker-3", "for_seconds": 0.5}
HARMFUL = {"at_seconds": 5.5, "fault": "a SIGKILL", "target": "worker-2", "for_seconds": 0.5}
OUTAGE = {"at_seconds": 0.5, "fault": "a SIGKILL", "target": "registry", "for_seconds": 1.0}
DEFECT = Mutant(
    name="hive/no-restart",
    what="The hive restarts no worker.",
    file="services/hive/restart.py",
    before='settings.policy == "never" or',
    after='settings.policy != "on-failure" or',
    requirements=("LOAD-010",),
)
OTHER_DEFECT = load(PROJECT_ROOT / "mutants" / "orchestrator" / "cluster-view-lost-with-registry.toml")


def shrink(folder: Path, faults: list[dict[str, object]], *words: str) -> subprocess.CompletedProcess[str]:
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"format": 2, "seed": 3, "faults": faults}))
    command = [sys.executable, "-m", "hivecheck.cli", "shrink", str(plan), "--platform", "process"]
    command += ["-D", f"report_dir={folder / 'reports'}", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=PROJECT_ROOT, env=os.environ, check=False)


def test_harmless_fault(tmp_path: Path) -> None:
    """Shrinking leaves out a harmless fault and keeps the one that reveals the defect."""
    plant(DEFECT, PROJECT_ROOT, tmp_path / "defective")
    done = shrink(tmp_path, [HARMLESS, HARMFUL], "-D", f"services_root={tmp_path / 'defective'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SHRUNK  2 faults to 1: a SIGKILL on worker-2 at 5.5 s (exit 0)" in done.stdout, done.stdout
    assert [planned["fault"] for planned in json.loads((tmp_path / "plan-smallest.json").read_text())["faults"]] == ["a SIGKILL"]


def test_registry_fault(tmp_path: Path) -> None:
    """Shrinking keeps the registry's fault when only that one reveals the defect."""
    plant(OTHER_DEFECT, PROJECT_ROOT, tmp_path / "defective")
    done = shrink(tmp_path, [OUTAGE, HARMFUL], "-D", f"services_root={tmp_path / 'defective'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SHRUNK  2 faults to 1: a SIGKILL on registry at 0.5 s (exit 0)" in done.stdout, done.stdout


def test_passing_plan(tmp_path: Path) -> None:
    """A fault plan that does not fail has no verdict."""
    done = shrink(tmp_path, [HARMLESS])
    assert done.returncode == 2, done.stdout + done.stderr
    assert "nothing to shrink (exit 2)" in done.stdout
