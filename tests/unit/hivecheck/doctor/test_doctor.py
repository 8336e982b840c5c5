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


def test_a_finding_is_one_line_that_ends_with_what_to_do() -> None:
    line = Finding(Level.BAD, "disk", "full", "empty it").line()
    assert LINE.fullmatch(line) and line.endswith("- full; empty it")


def test_a_finding_that_asks_for_nothing_ends_with_what_was_found() -> None:
    assert Finding(Level.OK, "disk", "80 GB free").line().endswith("- 80 GB free")


@pytest.mark.parametrize(("levels", "code"), [((), 0), ((Level.OK, Level.WARN), 0), ((Level.BAD, Level.OK), 1)])
def test_the_exit_code_is_1_only_when_something_is_bad(levels: tuple[Level, ...], code: int) -> None:
    assert doctor.exit_code([Finding(level, "what", "found") for level in levels]) == code


@pytest.mark.parametrize(
    ("version", "system", "level"),
    [((3, 11, 0), "linux", Level.OK), ((3, 14, 1), "linux", Level.OK), ((3, 10, 9), "linux", Level.BAD), ((3, 12, 0), "darwin", Level.BAD)],
)
def test_python_must_be_new_enough_and_on_linux(version: tuple[int, ...], system: str, level: Level) -> None:
    assert doctor.python(version, system).level is level


def test_an_image_of_the_source_as_it_is_is_fine() -> None:
    finding = doctor.image([view(is_current=False), view(is_current=True)], 1060.0)
    assert (finding.level, finding.found) == (Level.OK, "hivecheck/services:abc, 60 s old, is that of the source as it is")


@pytest.mark.parametrize(
    ("views", "found"), [([], "none built yet"), ([view(is_current=False)], "none of the source as it is (1 older image)")]
)
def test_without_a_current_image_the_command_that_builds_it_is_named(views: list[ImageView], found: str) -> None:
    finding = doctor.image(views, 0.0)
    assert (finding.level, finding.found) == (Level.WARN, found)
    assert "`hivecheck images build`" in finding.remedy


@pytest.mark.parametrize(("gigabytes", "level"), [(50.0, Level.OK), (1.5, Level.WARN), (0.3, Level.BAD)])
def test_too_little_room_for_a_build_is_bad_and_hardly_enough_is_told(gigabytes: float, level: Level) -> None:
    assert doctor.disk("disk", Path("/"), int(gigabytes * 1e9)).level is level


def test_a_port_that_another_program_holds_is_told_with_the_variable_that_changes_it() -> None:
    finding = doctor.port("HIVE_1_HOST_PORT", 18002, is_taken=True, service=None)
    assert finding.level is Level.WARN and "HIVE_1_HOST_PORT=" in finding.remedy


def test_a_port_that_is_held_by_the_compose_stack_is_fine() -> None:
    assert doctor.port("HIVE_1_HOST_PORT", 18002, is_taken=True, service="hive-1").level is Level.OK


def test_every_port_of_the_compose_file_is_looked_at() -> None:
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
def test_a_node_is_judged_by_its_own_answer_only(health: dict[str, str] | None, level: Level) -> None:
    finding = stack_health.node("small", "hive-1", "http://there", health)
    assert finding.level is level
    assert bool(finding.remedy) is (level is not Level.OK)


def test_a_worker_that_is_not_registered_is_named() -> None:
    finding = stack_health.registrations("small", ["worker-1", "worker-2", "hive-1"], ["hive-1", "worker-2"])
    assert (finding.level, finding.found) == (Level.BAD, "the registry lists 2 of 3 declared services; missing: worker-1")


def test_a_worker_that_joined_later_is_no_fault() -> None:
    assert stack_health.registrations("small", ["worker-1"], ["worker-1", "guest"]).level is Level.OK


def test_a_worker_that_is_not_alive_is_named_with_its_state() -> None:
    finding = stack_health.workers("small", "http://there", {"worker-1": "alive", "worker-2": "fatal"})
    assert finding.level is Level.BAD and finding.found.startswith("worker-2 is fatal")


def test_a_model_that_nobody_offers_is_named() -> None:
    assert stack_health.models_offered("small", {"model-a", "model-b"}, {"model-a"}).found == "not offered: model-b"


def test_every_node_of_a_stack_that_is_gone_is_bad_and_nothing_more_is_asked() -> None:
    nodes = {name: KeptNode(service, "http://127.0.0.1:1", None) for name, service in (("registry", "registry"), ("hive-1", "hive"))}
    findings = list(stack_health.stack(KeptStack("run", "small", "small", "process", "token", "key", nodes)))
    assert [(finding.level, finding.what) for finding in findings] == [(Level.BAD, "small/registry"), (Level.BAD, "small/hive-1")]


def test_the_command_says_a_line_for_each_thing_and_ends_with_0_where_nothing_is_bad(tmp_path: Path) -> None:
    done = run_doctor(tmp_path)
    lines = done.stdout.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert {"python", "docker engine", "disk for reports", "stacks", "ports"} <= {line[6:].partition(" - ")[0].strip() for line in lines}
    assert done.returncode == (1 if any(line.startswith("bad") for line in lines) else 0), done.stdout + done.stderr


def test_the_command_ends_with_1_where_docker_is_asked_for_and_no_daemon_answers(tmp_path: Path) -> None:
    done = run_doctor(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/nobody.sock", HIVECHECK_PLATFORM="docker")
    assert done.returncode == 1
    assert re.search(r"^bad   docker engine +- No Docker daemon answers", done.stdout, re.MULTILINE)
    assert "ok    stacks" in done.stdout, "the other things must be looked at all the same"
