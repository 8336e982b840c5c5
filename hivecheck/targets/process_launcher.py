"""Starts a target's gateway by its command, as a local process with the run's labels. The inner platform finds and kills it by them."""

from __future__ import annotations

import signal
import subprocess

from hivecheck.errors import SetupError
from hivecheck.platforms.process import ProcessNode, inherited_environment
from hivecheck.process_labels import Ownership
from hivecheck.targets.launcher import GatewayStart, ends
from hivecheck.targets.target import Target
from hivecheck.waiting import eventually_all

EXIT_SECONDS = 5.0


class GatewayProcess(ProcessNode):
    """The gateway's process. It knows whether the harness ended it."""

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._was_ended = False
        return super()._spawn()

    def signal(self, number: signal.Signals, pid: int | None = None) -> None:
        # Before the signal, because the process may exit before the call returns.
        self._was_ended = self._was_ended or ends(number)
        super().signal(number, pid)

    def own_exit_code(self) -> int | None:
        return None if self._was_ended else self.exit_code()


class ProcessLauncher:
    """The launcher of a target with a command and no image."""

    def __init__(self, target: Target, ownership: Ownership) -> None:
        self._target = target
        self._ownership = ownership
        self._nodes: list[GatewayProcess] = []

    def start(self, gateway: GatewayStart) -> GatewayProcess:
        labels = self._ownership.environment(gateway.stack, gateway.spec.name)
        environment = inherited_environment() | labels | gateway.environment
        try:
            node = GatewayProcess(gateway.spec, gateway.url, gateway.folder, gateway.command, environment)
        except OSError as error:
            raise SetupError(
                f"target {self._target.origin}: {gateway.command[0]} cannot be started ({error.strerror or error}); {self._way_out()}"
            ) from None
        self._nodes.append(node)
        return node

    def leftovers(self, stack: str | None) -> list[tuple[str, str]]:
        return []

    def sweep(self, stack: str | None) -> None:
        own = [node for node in self._nodes if stack in (None, node.stack)]
        # The inner sweep ends these by label. Only their parent, which is this process, can reap them.
        eventually_all(own, lambda node: not node.is_running(), within=EXIT_SECONDS, what="exit of every gateway process")

    def _way_out(self) -> str:
        if self._target.install:
            return f"install it with `hivecheck targets install {self._target.origin}`"
        return "name a program that is there, or install it"
