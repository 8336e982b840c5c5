"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from source_tree import ROOT, imported, python_files

# Nothing here has a clock, a network, files or chance.
PURE = {
    "__future__",
    "bisect",
    "collections",
    "collections.abc",
    "dataclasses",
    "enum",
    "fractions",
    "hashlib",
    "itertools",
    "json",
    "math",
    "re",
    "statistics",
    "typing",
}
MEASUREMENTS = {
    "hivecheck.measurement.recovery",
    "hivecheck.measurement.floors",
    "hivecheck.measurement.leaks",
    "hivecheck.measurement.soak",
}
FACTS = {"hivecheck.history", "hivecheck.errors", "hivecheck.verdict", "hivecheck.wording"} | MEASUREMENTS
RECKONING = ("hivecheck/measurement/recovery.py", "hivecheck/measurement/blast_radius.py", "hivecheck/measurement/floors.py")
CHECKS = [name for name in python_files("hivecheck") if name.startswith("hivecheck/checks/")]


def test_import_contracts() -> None:
    """Every import contract of setup.cfg holds."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_imports() -> None:
    """A check imports history, measurements and verdicts, and nothing with a clock, a network or files."""
    strangers = {name: {module for module in imported(name) - PURE - FACTS if not module.startswith("hivecheck.checks")} for name in CHECKS}
    assert {name: found for name, found in strangers.items() if found} == {}


def test_measurement_imports() -> None:
    """A measurement is computed from history alone."""
    allowed = PURE | {"hivecheck.history", "hivecheck.errors", "hivecheck.wording", "hivecheck.measurement.blast_radius"}
    assert {name: found for name in RECKONING if (found := imported(name) - allowed)} == {}


def test_step_imports() -> None:
    """A step file imports behave and hivecheck only."""
    known = {name: {module.partition(".")[0] for module in imported(name)} for name in python_files("steps")}
    assert {name: found for name, found in known.items() if not found <= {"behave", "hivecheck"}} == {}
