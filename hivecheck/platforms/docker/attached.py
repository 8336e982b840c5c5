"""A container with its input and output on a connection of ours. The end of the connection ends its input, and its end removes it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from hivecheck.errors import ImageError, SetupError
from hivecheck.platforms.docker import engine, frames

RECEIVE_BYTES = 64 * 1024
TAIL_BYTES = 2000


class AttachedContainer:
    """Started by its constructor. Raises ImageError without the image, SetupError for any other refusal."""

    def __init__(
        self, client: Any, image: str, command: list[str], name: str, *, environment: Mapping[str, str], labels: Mapping[str, str]
    ) -> None:
        self._api = client.api
        self._errors = b""
        self._writing = threading.Lock()
        try:
            self.id = self._created(image, command, name, dict(environment), dict(labels))
        except ImageNotFound:
            raise ImageError(f"expected: the image {image}\nactual: the engine lacks it\nnext: hivecheck images build") from None
        except engine.BROKEN as error:
            raise SetupError(_refusal(image, error)) from None
        try:
            # Before the start, because the SDK loses output that comes together with the answer's headers.
            answer = self._api.attach_socket(self.id, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            # It must live: the SDK's response closes its connection when it is collected.
            self._answer = answer
            self._socket = getattr(answer, "_sock", answer)
            self._socket.settimeout(None)
            self._api.start(self.id)
        except engine.BROKEN as error:
            self.remove()
            raise SetupError(_refusal(image, error)) from None

    def send(self, data: bytes) -> None:
        """Write to its input. Raises OSError when the connection is closed."""
        with self._writing:
            self._socket.sendall(data)

    def lines(self) -> Iterator[bytes]:
        """The lines of its output, until its end or that of the connection."""
        rest, started = b"", b""
        while data := self._received():
            pieces, rest = frames.split(rest + data)
            for stream, content in pieces:
                if stream != frames.OUTPUT:
                    self._errors = (self._errors + content)[-TAIL_BYTES:]
                    continue
                *whole, started = (started + content).split(b"\n")
                yield from whole

    def last_error(self) -> str:
        """The last line of its error output."""
        return self._errors.decode(errors="replace").strip().rpartition("\n")[2]

    def is_engine_there(self) -> bool:
        """Whether its engine still answers."""
        with contextlib.suppress(*engine.BROKEN):
            return bool(self._api.ping())
        return False

    def remove(self) -> None:
        """End and remove it. An engine that has exited is no error."""
        with contextlib.suppress(NotFound, *engine.BROKEN):
            self._api.remove_container(self.id, force=True, v=True)

    def _received(self) -> bytes:
        with contextlib.suppress(OSError):
            return bytes(self._socket.recv(RECEIVE_BYTES))
        return b""

    def _created(self, image: str, command: list[str], name: str, environment: dict[str, str], labels: dict[str, str]) -> str:
        host = self._api.create_host_config(
            network_mode="host",  # an address of this machine, such as 127.0.0.1, means the same in the container
            auto_remove=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            read_only=True,
            tmpfs={"/tmp": ""},
            # The output goes to us, and the engine would keep another copy on its disk.
            log_config={"Type": "none", "Config": {}},
        )
        options = {"environment": environment, "labels": labels, "host_config": host, "name": name, "stdin_open": True}
        return str(self._api.create_container(image, command, entrypoint=[], **options)["Id"])


def _refusal(image: str, error: BaseException) -> str:
    cause = error.explanation if isinstance(error, APIError) and error.explanation else engine.reason(error)
    return f"expected: a container of {image}\nactual: the engine refuses it: {cause}\nnext: look at the engine with `docker info`"
