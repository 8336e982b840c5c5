"""Nodes as containers on a private network per stack, made with testcontainers. Ports on 127.0.0.1 only; nothing is ever pulled."""

from __future__ import annotations

import itertools
import os
import re
import signal
import threading
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

import tomli_w
from docker.errors import APIError
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from hivecheck.errors import ClientError, SetupError
from hivecheck.platforms.data_folder import DataFolder
from hivecheck.platforms.docker import engine, kernel
from hivecheck.platforms.docker import network as networks
from hivecheck.platforms.docker.capabilities import EngineCapabilities
from hivecheck.platforms.docker.container import Container
from hivecheck.platforms.docker.network import Place, StackNetwork
from hivecheck.platforms.node_program import shell_command
from hivecheck.platforms.platform import (
    QUICK_START,
    CommandResult,
    EngineControl,
    Listener,
    Node,
    NodeSpec,
    PlatformContext,
    ProcessMemory,
    ProcessView,
)
from hivecheck.platforms.ports import LOOPBACK, PortReservation
from hivecheck.platforms.process_memory import process_memory
from hivecheck.process_labels import Ownership
from hivecheck.source_hash import source_hash
from hivecheck.wording import listed

ENGINE_CAPABILITIES = frozenset({"container_pause", "memory", "cpu", "disk", "network", "stats", "packets"})
CAPABILITIES = (
    frozenset({"kill", "terminate", "pause", "logs", "files", "processes", "listeners", "restart", "exec", "sandbox"}) | ENGINE_CAPABILITIES
)
MANAGED_CAPABILITIES = frozenset({"kill", "terminate", "pause", "logs", "files", "processes", "exec"})
PORT = 8000
DATA, CONFIG, SERVICES = "/data", "/etc/hivecheck/config.toml", "/app/services"
OWN_DISK = "models"  # below DATA: in the engine's memory, so that it can be small, and be filled without harm to the machine's own
MEMORY_BYTES = 512 * 1024 * 1024
MAX_PROCESSES = 256
SERVICE_UID = 10001
DNS_OF_DOCKER = "127.0.0.11"  # the engine's own resolver listens there, in every container
PROCESSES = Path(__file__).parent / "programs" / "processes.sh"
STAT = re.compile(r"\d+ \(")
COMMAND_LINE = re.compile(r"==> /proc/(\d+)/cmdline <==\n")


class DockerNode(DataFolder):
    """A service in a container of its own."""

    def __init__(self, spec: NodeSpec, stack: str, url: str, folder: Path, container: DockerContainer, place: Place) -> None:
        super().__init__(folder)
        self.name = spec.name
        self.service = spec.service
        self.stack = stack
        self.url = url
        self.peer_url = f"http://{spec.name}:{PORT}"
        self._has_own_disk = spec.disk_mib is not None
        started = container.get_wrapped_container()
        self._container = Container(started.client.api, str(started.id), spec.name)
        self.engine: EngineControl | None = EngineCapabilities(started.client.api, self._container.id, place, MEMORY_BYTES)

    def is_running(self) -> bool:
        return self._container.is_running()

    def exit_code(self) -> int | None:
        return self._container.exit_code()

    def signal(self, number: signal.Signals, pid: int | None = None) -> None:
        if pid is None and number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            self._container.signal(number)
            return
        own = [process.pid for process in self.processes()]
        if not own or pid not in (None, *own):
            raise ClientError(f"{self.name} has no process {pid or 'at all'} to send {number.name} to; it has {listed(own)}")
        signalled = pid or own[0]
        folder = self.proc_of(signalled)
        if folder is None or not kernel.send(self._container.id, int(folder.name), number):
            self.run(["sh", "-c", f"kill -{number.value} {signalled}"])

    def resume(self) -> None:
        if self.engine and self.engine.is_container_paused():
            self.engine.resume_container()  # first, because a paused container runs no command and gets no signal
        # A command costs the engine 0.1 s of processor time, and this happens after each scenario.
        if not kernel.send_to_all(self._container.id, self._process_folders(), signal.SIGCONT):
            self.run(["sh", "-c", f"kill -{signal.SIGCONT.value} -1"])

    def kill(self) -> None:
        self._container.kill()

    def restart(self) -> None:
        self._container.restart()

    def run(self, command: list[str]) -> CommandResult:
        return self._container.run(command)

    def files(self, pattern: str) -> list[str]:
        if not self._is_on_own_disk(pattern):
            return super().files(pattern)
        listed = self.run(["sh", "-c", f"cd {DATA} && ls -d {pattern}"]) if self.is_running() else CommandResult(0, "")
        return listed.output.split() if listed.exit_code == 0 else []

    def path_of(self, relative: str) -> Path | None:
        return None if self._is_on_own_disk(relative) else super().path_of(relative)

    def read_file(self, relative: str, offset: int = 0) -> bytes:
        if not self._is_on_own_disk(relative):
            return super().read_file(relative, offset)
        code, raw = self._container.execute(["tail", "-c", f"+{offset + 1}", f"{DATA}/{relative}"])
        return raw if code == 0 else b""

    def _is_on_own_disk(self, relative: str) -> bool:
        return self._has_own_disk and relative.startswith(f"{OWN_DISK}/")

    def log_lines(self) -> list[str]:
        return self._container.log_lines()

    def processes(self) -> list[ProcessView]:
        if not self.is_running():
            return []
        folders = self._process_folders()
        views = process_views(self.run(shell_command(PROCESSES)).output) if folders is None else kernel.process_views(folders)
        living = [view for view in views if view.state not in "ZX" and view.pid != 1]
        return sorted(living, key=lambda view: (f"services.{self.service}" not in view.command, view.pid))

    def memory(self, pid: int | None = None) -> ProcessMemory:
        return process_memory(self.run, pid or self.processes()[0].pid)

    def proc_of(self, pid: int) -> Path | None:
        return (self._process_folders() or {}).get(pid)

    def listeners(self) -> list[Listener]:
        """Those of its processes, which only the stack's network can reach, and those of the engine that lead to it."""
        if not self.is_running():
            return []
        inner = [_listener(line) for line in self.run(["cat", "/proc/net/tcp"]).output.splitlines() if line.split()[3:4] == ["0A"]]
        published = self._container.inspected()["NetworkSettings"]["Ports"] or {}
        outer = [
            Listener(binding["HostIp"], int(binding["HostPort"]), is_inside=binding["HostIp"] == LOOPBACK, is_published=True)
            for bindings in published.values()
            for binding in bindings or ()
        ]
        return [listener for listener in inner if listener.host != DNS_OF_DOCKER] + outer

    def _process_folders(self) -> dict[int, Path] | None:
        return kernel.process_folders(self._container.id, int(self._container.state().get("Pid", 0)))


class DockerPlatform:
    """One private network a stack; every container and network carries run, stack, node and owner as labels."""

    name = "docker"

    def __init__(self, context: PlatformContext) -> None:
        # The cleanup container of testcontainers needs an image that cannot be pulled everywhere. The watchdog needs none.
        testcontainers_config.ryuk_disabled = True
        self.run_id = context.run_id
        self._context = context
        self._client = engine.connect()
        engine.remove_orphans(self._client)
        self._ownership = Ownership.of_this_process(context.run_id, context.kept_folder)
        self._ports: dict[str, dict[str, PortReservation]] = defaultdict(dict)
        self._networks: dict[str, StackNetwork] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def capabilities(self, placement: str) -> frozenset[str]:
        return CAPABILITIES if placement == "node" else MANAGED_CAPABILITIES

    def source_hash(self) -> str:
        return source_hash(self._context.services_root / "services")

    def reserve(self, stack: str, node: str) -> str:
        return self._ports[stack].setdefault(node, PortReservation()).url

    def peer_url(self, stack: str, node: str) -> str:
        return f"http://{node}:{PORT}"

    def start(self, stack: str, spec: NodeSpec) -> DockerNode:
        reservation = self._ports[stack].get(spec.name)
        if reservation is None:
            raise SetupError(f"{spec.name} has no reserved address in stack {stack}; call reserve first")
        folder = self._prepare(stack, spec)
        network = self._network(stack)
        place = Place(network.name, network.next_address(), [spec.name])
        container = self._container(stack, spec, folder, reservation.port, place)
        try:
            container.start()
        except APIError as error:
            raise SetupError(f"{stack}/{spec.name} could not be started: {error.explanation or error}") from None
        return DockerNode(spec, stack, reservation.url, folder, container, place)

    def resume(self, stack: str, nodes: Collection[Node]) -> None:
        for node in nodes:
            node.resume()

    def vacate(self, stack: str, node: str) -> None:
        self._ports[stack][node].release()

    def release(self, stack: str) -> None:
        for reservation in self._ports.pop(stack, {}).values():
            reservation.release()
        self._networks.pop(stack, None)

    def leftovers(self, stack: str | None = None) -> list[tuple[str, str]]:
        return engine.running(self._client, self.run_id, stack)

    def sweep(self, stack: str | None = None) -> list[str]:
        left = [sentence for _, sentence in self.leftovers(stack)]
        engine.sweep(self._client, self.run_id, stack)
        return left

    def _prepare(self, stack: str, spec: NodeSpec) -> Path:
        """The node's folder: its configuration, closed to others by the folder around it, and its data."""
        folder = self._context.folder / stack / spec.name
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if os.getuid() == 0:
            os.chown(data, SERVICE_UID, SERVICE_UID)
        own = {"name": spec.name, "host": "0.0.0.0", "advertised_url": f"http://{spec.name}:{PORT}", "data_dir": DATA}
        (folder / "config.toml").write_text(tomli_w.dumps({"port": PORT} | dict(spec.settings) | own), encoding="utf-8")
        return folder

    def _container(self, stack: str, spec: NodeSpec, folder: Path, port: int, place: Place) -> DockerContainer:
        container = DockerContainer(self._context.image, env=dict(QUICK_START))
        container.with_command(["python3", "-m", f"services.{spec.service}", "--config", CONFIG, *_overrides(spec)])
        container.with_volume_mapping(str(folder / "config.toml"), CONFIG, "ro")
        container.with_volume_mapping(str(folder / "data"), DATA, "rw")
        if self._context.is_overlay:
            container.with_volume_mapping(str(self._context.services_root / "services"), SERVICES, "ro")
        container.ports = {f"{PORT}/tcp": (LOOPBACK, port)}  # type: ignore[dict-item]
        container.tmpfs = {"/tmp": "size=16m"} | self._own_disk(spec)
        # A node that joins a second time must not stumble over the container of its first.
        container.with_name(f"{self.run_id}-{stack}-{spec.name}-{next(self._numbers)}")
        return container.with_kwargs(
            labels=engine.labels(self._ownership, stack) | {engine.NODE: spec.name},
            hostname=spec.name,
            init=True,
            **networks.endpoint(self._client, place),
            **self.confinement(),
        )

    def _own_disk(self, spec: NodeSpec) -> dict[str, str]:
        """For `tmpfs` of the Docker SDK."""
        if spec.disk_mib is None:
            return {}
        user, group = _user_and_group()
        return {f"{DATA}/{OWN_DISK}": f"size={spec.disk_mib}m,uid={user},gid={group},mode=0700"}

    def confinement(self) -> dict[str, Any]:
        """What every container is denied (SEC-004), in the Docker SDK's words."""
        user, group = _user_and_group()
        return {
            "user": f"{user}:{group}",
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": MAX_PROCESSES,
            "mem_limit": MEMORY_BYTES,
            "memswap_limit": MEMORY_BYTES,
        }

    def _network(self, stack: str) -> StackNetwork:
        with self._lock:
            if stack not in self._networks:
                self._networks[stack] = networks.create(self._client, engine.labels(self._ownership, stack))
            return self._networks[stack]


def _user_and_group() -> tuple[int, int]:
    """The user of a node's processes: the harness's own, so that both can read the other's files, and never root."""
    return os.getuid() or SERVICE_UID, os.getgid() or SERVICE_UID


def _overrides(spec: NodeSpec) -> list[str]:
    return [part for override in spec.overrides for part in ("--set", override)]


def process_views(listing: str) -> list[ProcessView]:
    """The output of `programs/processes.sh`. A process that ends during its run has no command line.

    Of a container that has just ended the engine says in words that nothing can be run there: no process is left.
    """
    stats, _, rest = listing.partition("\n\n")
    _, *pieces = COMMAND_LINE.split(rest)
    commands = {int(pid): text.replace("\0", " ").strip() for pid, text in zip(pieces[::2], pieces[1::2], strict=True)}
    views = []
    for stat in filter(STAT.match, stats.splitlines()):
        pid = int(stat.split(" ", 1)[0])
        state, parent = stat.rpartition(")")[2].split()[:2]
        views.append(ProcessView(pid, int(parent), state, commands.get(pid, "")))
    return views


def _listener(line: str) -> Listener:
    """A line of /proc/net/tcp: the local address is hexadecimal, its bytes in the machine's (little-endian) order."""
    address, port = line.split()[1].split(":")
    host = ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
    return Listener(host, int(port, 16), is_inside=True)
