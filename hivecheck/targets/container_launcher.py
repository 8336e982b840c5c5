"""Starts a target's gateway by its image, on the host's network, where it reaches the workers' published ports. Nothing is ever pulled.

The container carries the labels of the run's own containers, so that whatever looks for those finds it as well.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from pathlib import Path

from hivecheck.errors import ClientError, ImageError, PlatformError, TargetError
from hivecheck.platforms.docker import container, engine
from hivecheck.platforms.docker.container import Container
from hivecheck.platforms.platform import CommandResult, EngineControl, Listener, ProcessMemory, ProcessView
from hivecheck.platforms.process_memory import process_memory
from hivecheck.process_labels import Ownership
from hivecheck.targets.launcher import GatewayStart, ends

# The daemon allows a container name once, and each scenario starts a new gateway (ADR 9).
_numbers = itertools.count(1)


class ContainerNode:
    """The gateway's container. Its data folder is its own."""

    service = "orchestrator"
    engine: EngineControl | None = None

    def __init__(self, gateway: GatewayStart, container: Container) -> None:
        self.name = gateway.spec.name
        self.url = self.peer_url = gateway.url
        self._folder = gateway.folder
        self._container = container
        self._was_ended = False

    def is_running(self) -> bool:
        return self._container.is_running()

    def exit_code(self) -> int | None:
        return self._container.exit_code()

    def signal(self, number: signal.Signals, pid: int | None = None) -> None:
        if pid is not None:
            raise ClientError(f"{self.name} is a foreign container: a signal goes to it as a whole")
        self._was_ended = self._was_ended or ends(number)
        self._container.signal(number)

    def resume(self) -> None:
        with contextlib.suppress(ClientError):
            self.signal(signal.SIGCONT)

    def kill(self) -> None:
        self._was_ended = True
        self._container.kill()

    def restart(self) -> None:
        self._was_ended = False
        self._container.restart()

    def own_exit_code(self) -> int | None:
        return None if self._was_ended or self.is_running() else self.exit_code()

    def run(self, command: list[str]) -> CommandResult:
        return self._container.run(command)

    def log_lines(self) -> list[str]:
        return self._container.log_lines()

    def files(self, pattern: str) -> list[str]:
        return []

    def path_of(self, relative: str) -> Path | None:
        return self._folder / "data" / relative

    def read_file(self, relative: str, offset: int = 0) -> bytes:
        return b""

    def processes(self) -> list[ProcessView]:
        inspected = self._container.inspected()
        if not inspected.get("State", {}).get("Running"):
            return []
        return [ProcessView(int(inspected["State"]["Pid"]), 1, "S", " ".join(inspected["Args"]))]

    def memory(self, pid: int | None = None) -> ProcessMemory:
        return process_memory(self.run, pid or self.processes()[0].pid)

    def proc_of(self, pid: int) -> Path | None:
        return None

    def listeners(self) -> list[Listener]:
        raise ClientError(f"{self.name} is a foreign container on the host's network: its sockets cannot be identified")


class ContainerLauncher:
    """The launcher of a target with an image. An inner platform `is_docker` finds and removes the containers by itself."""

    def __init__(self, image: str, ownership: Ownership, *, is_docker: bool) -> None:
        self._image = image
        self._ownership = ownership
        self._is_docker = is_docker

    def start(self, gateway: GatewayStart) -> ContainerNode:
        stack, name, folder = gateway.stack, gateway.spec.name, str(gateway.folder)
        try:
            started = container.start(
                engine.connect(),
                self._image,
                f"{stack}/{name}",
                name,
                command=gateway.command or None,
                name=f"{self._ownership.run_id}-{stack}-{name}-{next(_numbers)}",
                environment=gateway.environment,
                network_mode="host",
                # The kernel gives pid 1 no default signal actions, so without an init SIGTERM can have no effect.
                init=True,
                user=f"{os.getuid()}:{os.getgid()}",  # the image's own user could not read its configuration
                volumes={folder: {"bind": folder, "mode": "rw"}},  # at the same place, so that paths mean the same
                labels=engine.labels(self._ownership, stack) | {engine.NODE: name},
            )
        except ImageError:
            raise TargetError(
                f"target image {self._image}: expected it on the daemon, and it is not there; pull or load it first."
            ) from None
        return ContainerNode(gateway, started)

    def leftovers(self, stack: str | None) -> list[tuple[str, str]]:
        if self._is_docker:
            return []
        try:
            return engine.running(engine.connect(), self._ownership.run_id, stack)
        except PlatformError as error:
            return [(stack or "", f"unknown whether the gateway's container is left: {error}")]

    def sweep(self, stack: str | None) -> None:
        if not self._is_docker:  # exited ones, too
            engine.sweep(engine.connect(), self._ownership.run_id, stack)
