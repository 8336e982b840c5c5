"""One container through the engine's API: its state, signals, commands and log. Knows no service and no topology."""

from __future__ import annotations

import shlex
import signal
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from hivecheck.errors import ClientError, ImageError, SetupError
from hivecheck.platforms.docker import engine
from hivecheck.platforms.docker.container_exec import execute
from hivecheck.platforms.platform import CommandResult

KILL_SECONDS = 10.0
NOT_STARTED = (126, 127)  # what the engine says of a command that it could not start, and a shell of one it could not find


def start(client: Any, image: str, place: str, node: str, **options: Any) -> Container:
    """A new container; `options` are the Docker SDK's. Raises ImageError when the image is missing, SetupError for any other refusal."""
    try:
        created = client.containers.create(image, **options)  # not `run`, which would pull
        created.start()
    except ImageNotFound:
        raise ImageError(f"{place} needs the image {image}, and the daemon lacks it.") from None
    except APIError as error:
        raise SetupError(f"{place} could not be started from {image}: {error.explanation or error}") from None
    return Container(client.api, str(created.id), node)


class Container:
    """Every question has an answer for a container that has exited, too. Messages name it by its node."""

    def __init__(self, api: Any, identifier: str, node: str) -> None:
        self.id = identifier
        self._api = api
        self._node = node

    def inspected(self) -> dict[str, Any]:
        """All that the engine knows of it; empty when it was removed."""
        try:
            return dict(self._api.inspect_container(self.id))
        except NotFound:
            return {}

    def state(self) -> dict[str, Any]:
        return dict(self.inspected().get("State", {}))

    def is_running(self) -> bool:
        return bool(self.state().get("Running"))

    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""
        return engine.exit_code(self.state())

    def signal(self, number: signal.Signals) -> None:
        """To its init process, which hands it on. Raises ClientError when the container has exited."""
        try:
            self._api.kill(self.id, number.name)
        except APIError as error:
            raise ClientError(f"{self._node} has exited, so {number.name} cannot reach it ({error.explanation})") from None

    def kill(self) -> None:
        if self.is_running():
            self.signal(signal.SIGKILL)
            self._api.wait(self.id, timeout=KILL_SECONDS)

    def restart(self) -> None:
        if self.is_running():
            raise ClientError(f"{self._node} still runs; end it before it is started again")
        self._api.start(self.id)

    def execute(self, command: list[str]) -> tuple[int, bytes]:
        """Exit code and raw output of a command in it. Raises APIError or ClientError when the engine refuses."""
        return execute(self._api, self.id, command)

    def run(self, command: list[str]) -> CommandResult:
        """A command in it. Raises ClientError when it cannot be started."""
        try:
            code, raw = self.execute(command)
        except APIError as error:
            raise ClientError(f"{self._node}: {shlex.join(command)} cannot be run in it ({error.explanation})") from None
        output = raw.decode(errors="replace")
        if code in NOT_STARTED and output.startswith("OCI runtime exec failed"):
            raise ClientError(f"{self._node}: {shlex.join(command)} cannot be run in it ({output.strip()})")
        return CommandResult(code, output)

    def log_lines(self) -> list[str]:
        try:
            return engine.lines(self._api.logs(self.id))
        except NotFound:
            return []
