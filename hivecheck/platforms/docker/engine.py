"""The Docker daemon as platform and watchdog need it: labels that name the owner of a container, and removal by label."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from urllib3.exceptions import HTTPError

from hivecheck.errors import LeakError, PlatformError
from hivecheck.platforms.docker import daemon
from hivecheck.platforms.docker.daemon import Daemon
from hivecheck.process_labels import Ownership, is_abandoned, kept_file
from hivecheck.waiting import eventually

RUN = "hivecheck.run"
STACK = "hivecheck.stack"
NODE = "hivecheck.node"
OWNER = "hivecheck.owner"
KEPT = "hivecheck.kept"  # while a file of this path exists, a person keeps the stack up
CALL_SECONDS = 60
REMOVAL_SECONDS = 10.0
REMOVALS_AT_ONCE = 8
LOOK_SECONDS = 0.5
# What the SDK lets through: its own errors, those of requests (OSError), and a connection that is cut within an answer (urllib3).
BROKEN = (DockerException, OSError, HTTPError)


def connect(seconds: float = CALL_SECONDS) -> docker.DockerClient:
    """The daemon of DOCKER_HOST, or the local one; `seconds` for each call.

    Raises PlatformError with what to do when none answers, or one that we cannot work with (docs/platforms.md).
    """
    if refused := daemon.refusal_of_address(address()):
        raise PlatformError(refused)
    try:
        client = open_client(seconds)
        described = describe(client)
    except BROKEN as error:
        raise PlatformError(f"No Docker daemon answers ({reason(error)}). Start one, or use --platform process.") from None
    if refused := daemon.refusal(described, socket.gethostname()):
        client.close()
        raise PlatformError(refused)
    return client


def open_client(seconds: float) -> docker.DockerClient:
    """A client of the daemon of DOCKER_HOST, or of the local one, whatever it is. Raises one of BROKEN when none answers."""
    client = docker.from_env(timeout=seconds)
    client.api.ping()
    return client


def address() -> str:
    """Where the daemon is looked for."""
    return os.environ.get("DOCKER_HOST") or daemon.LOCAL_SOCKET


def labels(ownership: Ownership, stack: str) -> dict[str, str]:
    """By which the containers and networks of a stack are found, and their owner is known."""
    return {
        RUN: ownership.run_id,
        STACK: stack,
        OWNER: ownership.owner,
        KEPT: str(kept_file(ownership.kept_folder, ownership.run_id, stack)),
    }


def describe(client: docker.DockerClient) -> Daemon:
    """What the daemon says of itself."""
    version, info = client.version(), client.info()
    return Daemon(
        address=address(),
        version=version["Version"],
        api_version=version["ApiVersion"],
        system=version["Os"],
        architecture=version["Arch"],
        host_name=info["Name"],
        security_options=tuple(info.get("SecurityOptions") or ()),
        pid=daemon.pid_at(address()),
        root_folder=info["DockerRootDir"],
    )


def containers(
    client: docker.DockerClient, run_id: str | None, stack: str | None = None, *, running_only: bool = False
) -> list[dict[str, Any]]:
    """Summaries of the containers of a run (or of all runs), of a stack (or of all)."""
    return list(client.api.containers(all=not running_only, filters={"label": _filter(run_id, stack)}))


def stop(client: docker.DockerClient, run_id: str, stack: str, nodes: Sequence[str], seconds: int) -> list[str]:
    """SIGTERM to these nodes of a stack, all at once; returns those that had to be killed after `seconds`."""

    def end(item: dict[str, Any]) -> str | None:
        client.api.stop(item["Id"], timeout=seconds)
        code = client.api.inspect_container(item["Id"])["State"]["ExitCode"]
        return None if code == 0 else f"{_name(item)} ended with code {code}"

    running = [item for item in containers(client, run_id, stack, running_only=True) if item["Labels"].get(NODE) in nodes]
    with ThreadPoolExecutor(REMOVALS_AT_ONCE) as pool:
        return [word for word in pool.map(end, running) if word]


def logs(client: docker.DockerClient, run_id: str, stack: str, node: str, *, follow: bool) -> Iterator[bytes]:
    """The log of a node's newest container, as it comes in; with `follow` until the container ends."""
    found = [item for item in containers(client, run_id, stack) if item["Labels"].get(NODE) == node]
    if found:
        yield from client.api.logs(found[0]["Id"], stream=True, follow=follow)


def sweep(client: docker.DockerClient, run_id: str, stack: str | None = None, *, clean_looks: int = 1) -> list[str]:
    """Remove every container and network of a run or of one of its stacks; returns their names. Raises LeakError if some stay.

    `clean_looks` successive looks must find nothing. After a kill of the harness the daemon may still carry out its last calls,
    so one look is not enough then.
    """
    removed: list[str] = []
    looks: list[int] = []

    def left() -> bool:
        found = containers(client, run_id, stack)
        removed.extend(_name(item) for item in found)
        _remove_all(client, (str(item["Id"]) for item in found))
        networks = client.api.networks(filters={"label": _filter(run_id, stack)})
        for network in networks:
            removed.append(f"network {network['Name']}")
            with contextlib.suppress(APIError):  # an endpoint is still on its way out: the next round gets it
                client.api.remove_network(network["Id"])
        looks.append(len(found) + len(networks))
        return len(looks) >= clean_looks and not any(looks[-clean_looks:])

    what = f"nothing left of {stack or run_id}"
    eventually(left, within=REMOVAL_SECONDS, what=what, otherwise=LeakError, every=LOOK_SECONDS if clean_looks > 1 else 0.02)
    return sorted(set(removed))


def abandoned(client: docker.DockerClient) -> dict[tuple[str, str], list[str]]:
    """Containers and networks with a proven dead owner, by run and stack. A live run and a kept stack are left out."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in [*containers(client, None), *client.api.networks(filters={"label": [RUN]})]:
        if is_abandoned(item["Labels"].get(OWNER, ""), item["Labels"].get(KEPT, "")):
            found[item["Labels"][RUN], item["Labels"][STACK]].append(_name(item) if "State" in item else f"network {item['Name']}")
    return dict(sorted(found.items()))


def remove_orphans(client: docker.DockerClient) -> list[str]:
    """Remove what is abandoned; returns the names of what was removed."""
    return [name for run_id, stack in abandoned(client) for name in sweep(client, run_id, stack)]


def _remove_all(client: docker.DockerClient, identifiers: Iterable[str]) -> None:
    def remove(identifier: str) -> None:
        with contextlib.suppress(NotFound, APIError):  # gone, or being removed already: the next look tells
            client.api.remove_container(identifier, force=True, v=True)

    with ThreadPoolExecutor(REMOVALS_AT_ONCE) as pool:
        list(pool.map(remove, identifiers))


def _filter(run_id: str | None, stack: str | None) -> list[str]:
    return [f"{RUN}={run_id}" if run_id else RUN, *([f"{STACK}={stack}"] if stack else [])]


def exit_code(state: Mapping[str, Any]) -> int | None:
    """Of a container's `State`: None while it runs; negative for a signal, which a shell's way to say it is 128 more."""
    if state.get("Running"):
        return None
    code = int(state.get("ExitCode", -signal.SIGKILL))
    return 128 - code if code > 128 else code


def lines(log: bytes) -> list[str]:
    """Of what a container wrote. Not splitlines: U+2028 within a line does not end it."""
    text = log.decode(errors="replace")
    return text.removesuffix("\n").split("\n") if text else []


def running(client: docker.DockerClient, run_id: str, stack: str | None) -> list[tuple[str, str]]:
    """Stack and sentence of each container of the run, or of a stack, that still runs."""
    found = containers(client, run_id, stack, running_only=True)
    return [(item["Labels"][STACK], f"container of {place(item)} still runs") for item in found]


def place(item: dict[str, Any]) -> str:
    """`stack/node` of a container's summary."""
    return f"{item['Labels'].get(STACK, '?')}/{item['Labels'].get(NODE, '?')}"


def _name(item: dict[str, Any]) -> str:
    return f"{place(item)} ({item['State']})"


def reason(error: BaseException) -> str:
    """The first cause of an error, as text."""
    while inner := (error.__cause__ or error.__context__):
        error = inner
    return str(error) or type(error).__name__
