"""docker-compose.integration.yml, brought up for real: under a name and on ports of the test's own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import msgspec
import pytest

from hivecheck import images
from hivecheck.clients.control import ControlClient
from hivecheck.doctor.doctor import COMPOSE_FILE, compose_ports
from hivecheck.platforms.docker.docker_platform import PORT
from hivecheck.platforms.ports import PortReservation
from hivecheck.settings import PROJECT_ROOT, Settings
from hivecheck.topologies import topology
from hivecheck.waiting import eventually
from services import config
from services.hive.settings import HiveSettings
from services.orchestrator.settings import Settings as OrchestratorSettings
from services.registry.settings import RegistrySettings

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

NODES = {
    "REGISTRY_HOST_PORT": "registry",
    "ORCHESTRATOR_HOST_PORT": "orchestrator",
    "HIVE_1_HOST_PORT": "hive-1",
    "HIVE_2_HOST_PORT": "hive-2",
}
READY_SECONDS = 60.0
TOKEN, KEY = "ct-development-only", "sk-development-only"
SETTINGS_OF: dict[str, Any] = {"registry": RegistrySettings, "orchestrator": OrchestratorSettings, "hive": HiveSettings}


@dataclass
class Compose:
    """One command (docker-compose, or docker compose) on the file, with a project name and ports of its own."""

    command: list[str]
    image: str
    project: str = field(default_factory=lambda: f"hivecheck-test-{uuid.uuid4().hex[:8]}")
    ports: dict[str, PortReservation] = field(default_factory=lambda: {variable: PortReservation() for variable, _ in compose_ports()})
    client: docker.DockerClient = field(default_factory=docker.from_env)

    def run(self, *arguments: str) -> str:
        own = {variable: str(port.port) for variable, port in self.ports.items()} | {"SERVICES_IMAGE": self.image}
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("HIVECHECK_", "COMPOSE_"))}
        command = [*self.command, "-p", self.project, "-f", str(COMPOSE_FILE), *arguments]
        done = subprocess.run(command, cwd=PROJECT_ROOT, env=inherited | own, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def node(self, name: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        label = [f"com.docker.compose.project={self.project}", f"com.docker.compose.service={name}"]
        (found,) = self.client.api.containers(all=True, filters={"label": label})
        return dict(self.client.api.inspect_container(found["Id"]))

    def get(self, variable: str, path: str) -> Any:
        with closing(ControlClient(self.ports[variable].url, TOKEN)) as client:
            return client.get(path)

    def left(self) -> list[str]:
        label = {"label": f"com.docker.compose.project={self.project}"}
        api = self.client.api
        found = [*api.containers(all=True, filters=label), *api.networks(filters=label), *(api.volumes(filters=label)["Volumes"] or ())]
        return [str(item.get("Names") or item.get("Name")) for item in found]


def compose_commands() -> list[Any]:
    """Both ways to call it, each skipped where it is missing."""
    has_plugin = shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=20).returncode
    return [
        pytest.param(command, id=" ".join(command), marks=() if there else pytest.mark.skip(f"{' '.join(command)} is not installed"))
        for command, there in ((["docker-compose"], shutil.which("docker-compose")), (["docker", "compose"], has_plugin))
    ]


@pytest.fixture(scope="module", params=compose_commands())
def up(request: pytest.FixtureRequest) -> Iterator[Compose]:
    """The stack, up and healthy; taken down at the end, and nothing is left."""
    settings = Settings.load({}, {})
    compose = Compose(request.param, images.build(settings, lambda _: None))
    try:
        compose.run("up", "-d")
        for name in NODES.values():
            eventually(
                lambda name=name: compose.node(name)["State"]["Health"],  # type: ignore[misc]
                within=READY_SECONDS,
                what=f"{name} healthy",
                until=lambda health: health["Status"] == "healthy",
            )
        yield compose
    finally:
        compose.run("down", "-v")
        for port in compose.ports.values():
            port.release()
    assert compose.left() == []


def test_file_needs_no_variable(tmp_path: Path) -> None:
    """The compose file needs no variable."""
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose is not installed")
    done = subprocess.run(["docker-compose", "-f", str(COMPOSE_FILE), "config"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def serving(up: Compose) -> Compose:
    """Healthy nodes have some worker each; here every worker that the topology declares is routed to."""
    expected = topology.load("default").workers()

    def routed() -> dict[str, tuple[str, ...]]:
        workers = up.get("ORCHESTRATOR_HOST_PORT", "/api/cluster/workers")["workers"]
        return {worker["id"]: tuple(worker["models"]) for worker in workers if worker["status"] == "online"}

    eventually(routed, within=READY_SECONDS, what="the topology's workers", until=lambda found: found == expected)
    return up


def test_curl_line_chats(serving: Compose) -> None:
    """The curl line of the compose file gets a chat response."""
    written = re.search(r"^#   (curl .*)\\\n# +(.*)$", COMPOSE_FILE.read_text(), re.MULTILINE)
    assert written
    port = serving.ports["ORCHESTRATOR_HOST_PORT"].port
    line = f"{written[1]}{written[2]}".replace(":18001/", f":{port}/")
    answer = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=20, check=True).stdout
    assert json.loads(answer).get("choices", [{}])[0].get("message", {}).get("content", "").startswith("t0 "), answer


@pytest.mark.parametrize("name", NODES.values())
def test_settings_match_topology(up: Compose, name: str) -> None:
    """Each node has the settings of the topology and its own address."""
    declared = next(node for node in topology.load("default").nodes if node.name == name)
    settings = topology.render(declared.settings, {other: f"http://{other}:{PORT}" for other in NODES.values()})
    settings |= {
        "name": name,
        "port": PORT,
        "host": "0.0.0.0",
        "advertised_url": f"http://{name}:{PORT}",
        "data_dir": "/data",
        "token": TOKEN,
    }
    if declared.service == "orchestrator":
        settings["api_keys"] = [{"name": "developer", "sha256": hashlib.sha256(KEY.encode()).hexdigest()}]
    environment = dict(item.split("=", 1) for item in up.node(name)["Config"]["Env"])
    given = config.load(SETTINGS_OF[declared.service], declared.service, [], environment)
    assert given == msgspec.convert(settings, SETTINGS_OF[declared.service])


@pytest.mark.parametrize("name", NODES.values())
def test_node_is_sandboxed(up: Compose, name: str) -> None:
    """Each node is sandboxed, and its port is bound to this machine."""
    container = up.node(name)
    host = container["HostConfig"]
    assert container["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"] and host["Init"] and not host["Privileged"]
    assert host["CapDrop"] == ["ALL"] and not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["PidsLimit"], host["Memory"], host["MemorySwap"]) == (256, 512 * 2**20, 512 * 2**20)
    bindings = [binding for published in container["NetworkSettings"]["Ports"].values() for binding in published or ()]
    assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"]
    assert list(container["NetworkSettings"]["Networks"]) == [f"{up.project}_stack"]
