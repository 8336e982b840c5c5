"""Load shards in containers of two engines: one run, a name for what fails, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest
from conftest import must_have
from second_engine import CONTEXT, SecondEngine, second_engine

from hivecheck import process_labels
from hivecheck.load.calibration import truth_server
from hivecheck.load.shard import SILENCE_SECONDS
from hivecheck.platforms.docker import engine
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.xdist_group("second_engine")]

START_SECONDS = 400.0  # with the build of the image, and its copy
END_SECONDS = 3 * SILENCE_SECONDS
BOTH = f"local:1,docker:default:1,docker:{CONTEXT}:1"


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    must_have("dockerd", "docker")
    with second_engine(tmp_path_factory.mktemp("second")) as made:
        yield made


@pytest.fixture
def url() -> Iterator[str]:
    with truth_server(0.0, 0.0) as url:
        yield url


class Going:
    """A load with shards on both engines."""

    def __init__(self, second: SecondEngine, url: str, folder: Path, seconds: float, carriers: str = BOTH) -> None:
        self.folder = folder
        self.second = second
        command = [sys.executable, "-m", "hivecheck.cli", "load", "--url", url, "--model", "m", "--rate", "20", "--duration", str(seconds)]
        command += ["--carriers", carriers, "--no-calibration", "--lateness-limit", "3600", "--out", str(folder)]
        with (folder / "output.txt").open("wb") as output:
            environment = os.environ | {"DOCKER_CONFIG": str(second.config)}
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)

    def output(self) -> str:
        return (self.folder / "output.txt").read_text()

    def containers(self, client: docker.DockerClient) -> list[dict[str, Any]]:
        return [item for item in engine.containers(client, None) if item["Labels"][engine.RUN].endswith(f"-{self.process.pid}")]

    def await_progress(self) -> None:
        eventually(lambda: "offered" in self.output(), within=START_SECONDS, what="a line of progress")

    def end(self) -> tuple[int, dict[str, Any]]:
        """Exit code and result."""
        code = self.process.wait(START_SECONDS)
        assert (self.folder / "load.json").is_file(), self.output()
        return code, json.loads((self.folder / "load.json").read_text())

    def left(self) -> list[object]:
        """Containers on both engines, and local shards."""
        local = [one for one in process_labels.find() if one.run_id.endswith(f"-{self.process.pid}") and one.run_id.startswith("load-")]
        with_first = docker.from_env()
        try:
            return [*self.containers(with_first), *self.containers(self.second.client), *local]
        finally:
            with_first.close()

    def must_leave_nothing(self) -> None:
        eventually(self.left, within=Timeouts().clean_up, what="no shard left", until=lambda left: not left)


def test_two_engines(second: SecondEngine, url: str, tmp_path: Path) -> None:
    """Shards of both engines and of this machine are one run. The image is copied to the engine that lacks it."""
    going = Going(second, url, tmp_path, 2.0)
    code, data = going.end()
    assert (code, data["valid"], data["totals"]["done"]) == (0, True, 40), going.output()
    places = [shard["place"] for shard in data["shards"]]
    assert places[0].startswith("local process")
    assert places[1].endswith("of the context default") and places[2].endswith(f"of the context {CONTEXT}")
    assert sorted(shard["sent"] for shard in data["shards"]) == [13, 13, 14]
    # One machine has one monotonic clock.
    assert {shard["clock"]["error"] for shard in data["shards"]} == {0.0}
    going.must_leave_nothing()


def test_killed_container(second: SecondEngine, url: str, tmp_path: Path) -> None:
    """A container that is killed makes the run INVALID, and the report names it."""
    going = Going(second, url, tmp_path, 600.0)
    going.await_progress()
    (victim,) = going.containers(second.client)
    second.client.api.kill(victim["Id"])
    code, data = going.end()
    assert (code, [reason["code"] for reason in data["invalid_reasons"]]) == (2, ["shard_dead"])
    assert victim["Id"][:12] in data["invalid_reasons"][0]["sentence"]
    going.must_leave_nothing()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_ended_coordinator(second: SecondEngine, url: str, tmp_path: Path, number: signal.Signals) -> None:
    """A coordinator that is interrupted or killed leaves no container on any engine."""
    going = Going(second, url, tmp_path, 600.0)
    going.await_progress()
    assert len(going.left()) == 3
    going.process.send_signal(number)
    if number is signal.SIGINT:
        code, data = going.end()
        assert (code, [reason["code"] for reason in data["invalid_reasons"]]) == (2, ["interrupted"])
    going.process.wait(START_SECONDS)
    going.must_leave_nothing()


def test_stopped_container(second: SecondEngine, url: str, tmp_path: Path) -> None:
    """A paused container cannot notice that its coordinator was killed. The watchdog removes it."""
    going = Going(second, url, tmp_path, 600.0)
    going.await_progress()
    (victim,) = going.containers(second.client)
    second.client.api.pause(victim["Id"])
    going.process.kill()
    going.process.wait()
    going.must_leave_nothing()


def test_clean_up(second: SecondEngine, url: str, tmp_path: Path) -> None:
    """Where the watchdog was killed, too, a container stays. `hivecheck cleanup --context` finds it on its engine, and removes it."""
    going = Going(second, url, tmp_path, 600.0)
    going.await_progress()
    (victim,) = going.containers(second.client)
    second.client.api.pause(victim["Id"])
    (watchdog,) = [child for child in psutil.Process(going.process.pid).children() if "hivecheck.cleanup.watchdog" in child.cmdline()]
    watchdog.kill()
    going.process.kill()
    going.process.wait()
    environment = os.environ | {"DOCKER_CONFIG": str(second.config)}
    command = [sys.executable, "-m", "hivecheck.cli", "cleanup", "--context", CONTEXT]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    labels = victim["Labels"]
    assert f"container {labels[engine.RUN]}/{labels[engine.NODE]} (paused) of the context {CONTEXT}" in said
    going.must_leave_nothing()


def test_dead_engine(url: str, tmp_path: Path) -> None:
    """An engine that dies makes the run INVALID, and its containers end without it."""
    must_have("dockerd", "docker")
    folder = tmp_path / "engine"
    folder.mkdir()
    with second_engine(folder) as second:
        going = Going(second, url, tmp_path, 600.0, f"local:1,docker:{CONTEXT}:1")
        going.await_progress()
        (victim,) = going.containers(second.client)
        pid = second.client.api.inspect_container(victim["Id"])["State"]["Pid"]
        second.process.kill()
        code, data = going.end()
        assert (code, [reason["code"] for reason in data["invalid_reasons"]]) == (2, ["shard_dead"])
        assert "its engine no longer answers" in data["invalid_reasons"][0]["sentence"]
        eventually(lambda: process_labels.started_ticks(pid) is None, within=END_SECONDS, what="the end of the container's process")
