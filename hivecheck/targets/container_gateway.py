"""A target's gateway as a container on the host's network, where it reaches the workers' published ports. Nothing is ever pulled.

It carries the labels of the run's own containers, so that whatever looks for those finds it as well.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from hivecheck.errors import ClientError, SetupError, TargetError
from hivecheck.platforms.docker import engine
from hivecheck.platforms.platform import CommandResult, EngineControl, Listener, Node, ProcessMemory, ProcessView
from hivecheck.platforms.process_memory import process_memory

KILL_SECONDS = 10.0
# The daemon allows a container name once, and each scenario starts a new gateway (ADR 9).
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ContainerLabels:
    """The labels of the container: its run, its owner, and the file that exists while a person keeps its stack."""

    run_id: str
    owner: str
    kept: str


class ContainerGateway:
    """The gateway's container. Its data folder is its own."""

    service = "orchestrator"
    engine: EngineControl | None = None

    def __init__(self, name: str, url: str, folder: Path, container: Any) -> None:
        self.name = name
        self.url = self.peer_url = url
        self._folder = folder
        self._container = container

    def is_running(self) -> bool:
        return bool(self._state().get("Running"))

    def exit_code(self) -> int | None:
        return engine.exit_code(self._state())

    def signal(self, number: signal.Signals, pid: int | None = None) -> None:
        if pid is not None:
            raise ClientError(f"{self.name} is a foreign container: a signal goes to it as a whole")
        try:
            self._container.kill(number.name)
        except APIError as error:
            raise ClientError(f"{self.name} has exited, so {number.name} cannot reach it ({error.explanation})") from None

    def resume(self) -> None:
        with contextlib.suppress(ClientError):
            self.signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.is_running():
            self.signal(signal.SIGKILL)
            self._container.wait(timeout=KILL_SECONDS)

    def restart(self) -> None:
        if self.is_running():
            raise ClientError(f"{self.name} still runs; end it before it is started again")
        self._container.start()

    def run(self, command: list[str]) -> CommandResult:
        try:
            done = self._container.exec_run(command)
        except APIError as error:
            raise ClientError(f"{self.name}: {shlex.join(command)} cannot be run in it ({error.explanation})") from None
        return CommandResult(int(done.exit_code), done.output.decode(errors="replace"))

    def log_lines(self) -> list[str]:
        try:
            return engine.lines(self._container.logs())
        except NotFound:
            return []

    def files(self, pattern: str) -> list[str]:
        return []

    def path_of(self, relative: str) -> Path | None:
        return self._folder / "data" / relative

    def read_file(self, relative: str, offset: int = 0) -> bytes:
        return b""

    def processes(self) -> list[ProcessView]:
        if not self.is_running():
            return []
        self._container.reload()
        return [ProcessView(int(self._container.attrs["State"]["Pid"]), 1, "S", " ".join(self._container.attrs["Args"]))]

    def memory(self, pid: int | None = None) -> ProcessMemory:
        return process_memory(self.run, pid or self.processes()[0].pid)

    def proc_of(self, pid: int) -> Path | None:
        return None

    def listeners(self) -> list[Listener]:
        raise ClientError(f"{self.name} is a foreign container on the host's network: its sockets cannot be identified")

    def _state(self) -> dict[str, Any]:
        try:
            self._container.reload()
        except NotFound:
            return {}
        return dict(self._container.attrs["State"])


def start(
    image: str, name: str, stack: str, url: str, command: Sequence[str], environment: dict[str, str], folder: Path, mark: ContainerLabels
) -> Node:
    """The container, started; `folder` is mounted at the same place, so that paths mean the same. Raises TargetError or SetupError."""
    client = engine.connect()
    labels = {engine.RUN: mark.run_id, engine.STACK: stack, engine.NODE: name}
    try:
        container = client.containers.create(  # not `run`, which would pull
            image,
            list(command) or None,
            name=f"{mark.run_id}-{stack}-{name}-{next(_numbers)}",
            environment=environment,
            network_mode="host",
            # The kernel gives pid 1 no default signal actions, so without an init SIGTERM can have no effect.
            init=True,
            user=f"{os.getuid()}:{os.getgid()}",  # the image's own user could not read its configuration
            volumes={str(folder): {"bind": str(folder), "mode": "rw"}},
            labels=labels | {engine.OWNER: mark.owner, engine.KEPT: mark.kept},
        )
        container.start()
    except ImageNotFound:
        raise TargetError(f"target image {image}: expected it on the daemon, and it is not there; pull or load it first.") from None
    except APIError as error:
        raise SetupError(f"{stack}/{name} could not be started from {image}: {error.explanation or error}") from None
    return ContainerGateway(name, url, folder, container)


def leftovers(run_id: str, stack: str | None) -> list[tuple[str, str]]:
    """Gateways' containers of the run, or of a stack, that still run."""
    found = engine.containers(engine.connect(), run_id, stack, running_only=True)
    return [(item["Labels"][engine.STACK], f"container of {engine.place(item)} still runs") for item in found]


def sweep(run_id: str, stack: str | None) -> None:
    engine.sweep(engine.connect(), run_id, stack)
