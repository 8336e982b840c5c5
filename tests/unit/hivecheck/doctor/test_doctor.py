"""What a doctor concludes from what was found, and what `hivecheck doctor` says on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hivecheck.doctor import doctor, stack_health
from hivecheck.doctor.stack_health import Finding, Level
from hivecheck.images.listing import ImageView
from hivecheck.settings import PROJECT_ROOT
from hivecheck.stack.kept_stacks import KeptNode, KeptStack

LINE = re.compile(r"(ok  |warn|bad )  (\S.{20,}) - \S.*")


def run_doctor(reports: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {"HIVECHECK_REPORT_DIR": str(reports)} | environment
    inherited = {name: text for name, text in os.environ.items() if name != "CI" and not name.startswith("HIVECHECK_")}
    return subprocess.run(
        [sys.executable, "-m", "hivecheck.cli", "doctor"], capture_output=True, text=True, timeout=50, env=inherited | own, cwd=PROJECT_ROOT
    )


def view(*, is_current: bool) -> ImageView:
    return ImageView("hivecheck/services:abc", 1000, 1, "source", "base", is_current)


def test_finding_ends_with_next_step() -> None:
    """A finding is one line that ends with the next step."""
    line = Finding(Level.BAD, "disk", "full", "empty it").line()
    assert LINE.fullmatch(line) and line.endswith("- full; empty it")


def test_finding_without_next_step() -> None:
    """A finding without a next step ends with the observation."""
    assert Finding(Level.OK, "disk", "80 GB free").line().endswith("- 80 GB free")


@pytest.mark.parametrize(("levels", "code"), [((), 0), ((Level.OK, Level.WARN), 0), ((Level.BAD, Level.OK), 1)])
def test_exit_code(levels: tuple[Level, ...], code: int) -> None:
    """The exit code is 1 only for a bad finding."""
    assert doctor.exit_code([Finding(level, "what", "found") for level in levels]) == code


@pytest.mark.parametrize(
    ("version", "system", "level"),
    [((3, 11, 0), "linux", Level.OK), ((3, 14, 1), "linux", Level.OK), ((3, 10, 9), "linux", Level.BAD), ((3, 12, 0), "darwin", Level.BAD)],
)
def test_python_and_linux(version: tuple[int, ...], system: str, level: Level) -> None:
    """Python must be new enough and run on Linux."""
    assert doctor.python(version, system).level is level


def test_current_image() -> None:
    """An image of the current source is fine."""
    finding = doctor.image([view(is_current=False), view(is_current=True)], 1060.0)
    assert (finding.level, finding.found) == (Level.OK, "hivecheck/services:abc, 60 s old, is that of the source as it is")


@pytest.mark.parametrize(
    ("views", "found"), [([], "none built yet"), ([view(is_current=False)], "none of the source as it is (1 older image)")]
)
def test_missing_image_names_command(views: list[ImageView], found: str) -> None:
    """Without a current image the finding names the build command."""
    finding = doctor.image(views, 0.0)
    assert (finding.level, finding.found) == (Level.WARN, found)
    assert "`hivecheck images build`" in finding.remedy


@pytest.mark.parametrize(("gigabytes", "level"), [(50.0, Level.OK), (1.5, Level.WARN), (0.3, Level.BAD)])
def test_disk_space(gigabytes: float, level: Level) -> None:
    """Too little disk space is bad, and little space is a warning."""
    assert doctor.disk("disk", Path("/"), int(gigabytes * 1e9)).level is level


def test_taken_port() -> None:
    """The finding about a taken port names the variable that changes it."""
    finding = doctor.port("HIVE_1_HOST_PORT", 18002, is_taken=True, service=None)
    assert finding.level is Level.WARN and "HIVE_1_HOST_PORT=" in finding.remedy


def test_compose_port() -> None:
    """A port of the running compose stack is fine."""
    assert doctor.port("HIVE_1_HOST_PORT", 18002, is_taken=True, service="hive-1").level is Level.OK


def test_all_compose_ports() -> None:
    """Every port of the compose file is checked."""
    assert [variable for variable, _ in doctor.compose_ports()] == [
        f"{name}_HOST_PORT" for name in ("REGISTRY", "ORCHESTRATOR", "HIVE_1", "HIVE_2")
    ]


@pytest.mark.parametrize(
    ("health", "level"),
    [
        ({"name": "hive-1", "status": "healthy"}, Level.OK),
        ({"name": "hive-1", "status": "degraded"}, Level.WARN),
        ({"name": "somebody-else", "status": "healthy"}, Level.BAD),
        ({}, Level.BAD),
        (None, Level.BAD),
    ],
)
def test_node_health(health: dict[str, str] | None, level: Level) -> None:
    """A node is judged by its own response only."""
    finding = stack_health.node("small", "hive-1", "http://there", health)
    assert finding.level is level
    assert bool(finding.remedy) is (level is not Level.OK)


def test_unregistered_worker() -> None:
    """An unregistered worker is named."""
    finding = stack_health.registrations("small", ["worker-1", "worker-2", "hive-1"], ["hive-1", "worker-2"])
    assert (finding.level, finding.found) == (Level.BAD, "the registry lists 2 of 3 declared services; missing: worker-1")


def test_joined_worker() -> None:
    """A worker that joined later is no problem."""
    assert stack_health.registrations("small", ["worker-1"], ["worker-1", "guest"]).level is Level.OK


def test_worker_state() -> None:
    """A worker that is not alive is named with its state."""
    finding = stack_health.workers("small", "http://there", {"worker-1": "alive", "worker-2": "fatal"})
    assert finding.level is Level.BAD and finding.found.startswith("worker-2 is fatal")


def test_missing_model() -> None:
    """A model without a worker is named."""
    assert stack_health.models_offered("small", {"model-a", "model-b"}, {"model-a"}).found == "not offered: model-b"


def test_exited_stack() -> None:
    """Every node of an exited stack is bad, and nothing else is asked."""
    nodes = {name: KeptNode(service, "http://127.0.0.1:1", None) for name, service in (("registry", "registry"), ("hive-1", "hive"))}
    findings = list(stack_health.stack(KeptStack("run", "small", "small", "process", "token", "key", nodes)))
    assert [(finding.level, finding.what) for finding in findings] == [(Level.BAD, "small/registry"), (Level.BAD, "small/hive-1")]


def test_doctor_command(tmp_path: Path) -> None:
    """The command prints one line per finding and exits with 0 without a bad one."""
    done = run_doctor(tmp_path)
    lines = done.stdout.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert {"python", "docker engine", "disk for reports", "stacks", "ports"} <= {line[6:].partition(" - ")[0].strip() for line in lines}
    assert done.returncode == (1 if any(line.startswith("bad") for line in lines) else 0), done.stdout + done.stderr


def test_doctor_without_daemon(tmp_path: Path) -> None:
    """The command exits with 1 when docker is required and no daemon answers."""
    done = run_doctor(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/nobody.sock", HIVECHECK_PLATFORM="docker")
    assert done.returncode == 1
    assert re.search(r"^bad   docker engine +- No Docker daemon answers", done.stdout, re.MULTILINE)
    assert "ok    stacks" in done.stdout, "the other things must be looked at all the same"
