"""Nodes as local processes on 127.0.0.1, each its own session and process group. No Docker, no packet or memory faults."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

import psutil
import tomli_w

from hivecheck import process_labels
from hivecheck.errors import ClientError, SetupError
from hivecheck.platforms.data_folder import DataFolder
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
from hivecheck.waiting import eventually_all
from hivecheck.wording import listed

# Both placements are processes of this machine, so both can be hurt by signals; neither has a network or memory of its own.
CAPABILITIES = frozenset({"kill", "terminate", "pause", "logs", "files", "processes", "listeners", "restart", "exec"})
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
KILL_SECONDS = 5.0
COMMAND_SECONDS = 30.0


class ProcessNode(DataFolder):
    """A service as a child process of the harness."""

    def __init__(self, spec: NodeSpec, url: str, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        super().__init__(folder)
        self.name = spec.name
        self.service = spec.service
        self.stack = environment[process_labels.STACK_LABEL]
        self.url = self.peer_url = url
        self.engine: EngineControl | None = None
        self._command = command
        self._environment = environment
        self._process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self._folder / "log.jsonl").open("ab") as log:
            return subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        return self._process.poll()

    def signal(self, number: signal.Signals, pid: int | None = None) -> None:
        if pid is not None and pid not in {process.pid for process in self.processes()}:
            raise ClientError(
                f"{self.name} has no process {pid} to send {number.name} to; it has {listed(p.pid for p in self.processes())}"
            )
        try:
            os.kill(pid or self.pid, number)
        except ProcessLookupError:
            raise ClientError(f"{self.name}: process {pid or self.pid} has exited, so {number.name} cannot reach it") from None

    def resume(self) -> None:
        _resume(process.pid for process in self.processes())

    def kill(self) -> None:
        if self.is_running():
            self.signal(signal.SIGKILL)
            self._process.wait(KILL_SECONDS)

    def restart(self) -> None:
        if self.is_running():
            raise ClientError(f"{self.name} still runs (pid {self.pid}); end it before it is started again")
        self._process = self._spawn()

    def run(self, command: list[str]) -> CommandResult:
        try:
            done = subprocess.run(
                command, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ClientError(f"{self.name}: {command[0]} cannot be run at it ({error})") from None
        return CommandResult(done.returncode, done.stdout + done.stderr)

    def log_lines(self) -> list[str]:
        # Not splitlines: U+2028 and others, which JSON need not escape, would tear a line in two.
        text = (self._folder / "log.jsonl").read_text(encoding="utf-8", errors="replace")
        return text.removesuffix("\n").split("\n") if text else []

    def processes(self) -> list[ProcessView]:
        found = process_labels.find(self._environment[process_labels.RUN_LABEL], self.stack)
        views = [ProcessView(item.pid, item.parent_pid, item.state, item.command) for item in found if item.node == self.name]
        return sorted(views, key=lambda view: view.pid != self.pid)

    def memory(self, pid: int | None = None) -> ProcessMemory:
        return process_memory(self.run, pid or self.processes()[0].pid)

    def proc_of(self, pid: int) -> Path | None:
        return Path("/proc", str(pid)) if pid in {view.pid for view in self.processes()} else None

    def listeners(self) -> list[Listener]:
        found = []
        for view in self.processes():
            try:
                connections = psutil.Process(view.pid).net_connections(kind="tcp")
            except psutil.NoSuchProcess:
                continue
            listening = [item.laddr for item in connections if item.status == psutil.CONN_LISTEN]
            found += [Listener(place.ip, place.port, is_inside=ipaddress.ip_address(place.ip).is_loopback) for place in listening]
        return found


class ProcessPlatform:
    """Starts `python -m services.<name>` for each node, with the run's label in its environment."""

    name = "process"

    def __init__(self, context: PlatformContext) -> None:
        self.run_id = context.run_id
        self._context = context
        self._ownership = Ownership.of_this_process(context.run_id, context.kept_folder)
        self._ports: dict[str, dict[str, PortReservation]] = defaultdict(dict)
        self._nodes: list[ProcessNode] = []

    def capabilities(self, placement: str) -> frozenset[str]:
        return CAPABILITIES

    def source_hash(self) -> str:
        return source_hash(self._context.services_root / "services")

    def reserve(self, stack: str, node: str) -> str:
        if node not in self._ports[stack]:
            self._ports[stack][node] = PortReservation()
        return self._ports[stack][node].url

    def peer_url(self, stack: str, node: str) -> str:
        return self.reserve(stack, node)

    def start(self, stack: str, spec: NodeSpec) -> ProcessNode:
        reservation = self._ports[stack].get(spec.name)
        if reservation is None:
            raise SetupError(f"{spec.name} has no reserved address in stack {stack}; call reserve first")
        folder = self._context.folder / stack / spec.name
        (folder / "data").mkdir(parents=True, exist_ok=True)
        settings = (
            {"port": reservation.port} | dict(spec.settings) | {"data_dir": str(folder / "data"), "name": spec.name, "host": LOOPBACK}
        )
        config = folder / "config.toml"
        config.touch(mode=0o600)
        config.write_text(tomli_w.dumps(settings), encoding="utf-8")
        command = [sys.executable, "-P", "-m", f"services.{spec.service}", "--config", str(config)]
        command += [part for override in spec.overrides for part in ("--set", override)]
        node = ProcessNode(spec, reservation.url, folder, command, self._environment(stack, spec.name))
        self._nodes.append(node)
        return node

    def resume(self, stack: str, nodes: Collection[Node]) -> None:
        names = {node.name for node in nodes}
        # One scan for all: a scan reads every process of the machine.
        _resume(process.pid for process in process_labels.find(self.run_id, stack) if process.node in names)

    def vacate(self, stack: str, node: str) -> None:
        self._ports[stack][node].release()

    def release(self, stack: str) -> None:
        for reservation in self._ports.pop(stack, {}).values():
            reservation.release()

    def leftovers(self, stack: str | None = None) -> list[tuple[str, str]]:
        return [(process.stack, process.sentence()) for process in process_labels.find(self.run_id, stack)]

    def sweep(self, stack: str | None = None) -> list[str]:
        killed = [process.sentence() for process in process_labels.sweep(self.run_id, stack)]
        own = [node for node in self._nodes if stack in (None, node.stack)]
        eventually_all(own, lambda node: not node.is_running(), within=KILL_SECONDS, what="exit of every node")
        return killed

    def _environment(self, stack: str, node: str) -> dict[str, str]:
        inherited = inherited_environment()
        # `python3` of what is run at a node is what its service runs with, and no wrapper of the person's that takes a tenth of a second.
        inherited["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)])
        own = {
            "PYTHONPATH": str(self._context.services_root),
            "PYTHONUNBUFFERED": "1",
            **QUICK_START,
            **self._ownership.environment(stack, node),
        }
        return inherited | own


def inherited_environment() -> dict[str, str]:
    """What a node gets of the person's environment: little, because a setting or a proxy must not change what is tested."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def _resume(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
