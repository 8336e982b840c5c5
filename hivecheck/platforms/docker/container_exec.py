"""A command run in a container, with its whole output. Judges nothing.

`exec_start` of the Docker SDK is not used. It asks for an upgraded connection and reads past the buffer of its own HTTP client.
Output that arrives together with the headers is then lost (about 1 of 400 commands on a busy machine).
"""

from __future__ import annotations

from typing import Any

from hivecheck.errors import ClientError
from hivecheck.platforms.docker import frames
from hivecheck.wording import plain


def execute(api: Any, container: str, command: list[str]) -> tuple[int, bytes]:
    """Its exit code, and what it wrote to standard output and error.

    Raises APIError or ClientError when the engine refuses, ClientError when it breaks off.
    """
    execution = api.exec_create(container, command)["Id"]
    # Without the headers that ask for an upgrade the answer has an ordinary body, which ends when the command does.
    start = f"{api.base_url}/v{api.api_version}/exec/{execution}/start"
    answer = api.post(start, json={"Detach": False, "Tty": False}, timeout=api.timeout)
    if not answer.ok:
        raise ClientError(f"the engine refuses to start {command[0]} with status {answer.status_code}: {answer.text.strip()}")
    return int(api.exec_inspect(execution)["ExitCode"]), output_of(answer.content)


def output_of(body: bytes) -> bytes:
    """The content of all frames. Raises ClientError for a body that ends within a frame."""
    output, rest = frames.unpack(body)
    if rest:
        raise ClientError(f"the engine broke off within the output of a command; the last piece is {plain(rest[:64])}")
    return output
