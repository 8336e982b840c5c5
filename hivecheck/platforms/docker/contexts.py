"""The engines of Docker contexts: those of the `docker` command, or an address as in DOCKER_HOST. Starts nothing.

An engine of another machine is allowed here. A node needs more (`daemon.py`), a container that mounts and publishes nothing does not.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import docker
from docker.context import ContextAPI

from hivecheck.errors import PlatformError, UsageError
from hivecheck.platforms.docker import engine

DEFAULT = "default"
SCHEMES = ("unix", "tcp", "http", "https")


def connect(context: str, seconds: float = engine.CALL_SECONDS) -> docker.DockerClient:
    """The engine of a context, of an address, or of `default`; `seconds` for each call.

    Raises UsageError for a context that does not exist, PlatformError for an engine that does not answer or has no Linux containers.
    """
    client = None
    try:
        client = _opened(context, seconds)
        system = client.version()["Os"]
    except engine.BROKEN as error:
        if client is not None:
            client.close()
        raise PlatformError(
            f"expected: a Docker engine that answers, for the context {context}\nactual: {engine.reason(error)}\n"
            f"next: start the engine, and look with `docker --context {context} version`"
        ) from None
    if system != "linux":
        client.close()
        raise PlatformError(
            f"expected: an engine with Linux containers, for the context {context}\nactual: it has {system} containers\n"
            "next: choose another context"
        )
    return client


def _opened(context: str, seconds: float) -> docker.DockerClient:
    if context == DEFAULT:
        return engine.open_client(seconds)
    if "://" in context:
        return docker.DockerClient(base_url=_must_be_known(context, context), timeout=seconds)
    try:
        found = ContextAPI.get_context(context)
    except Exception as error:  # the SDK raises bare exceptions for a file that it cannot read
        raise UsageError(f"expected: a Docker context\nactual: {context}: {error}\nnext: make the context again") from None
    if found is None:
        known = ", ".join(sorted({DEFAULT, *(one.name for one in ContextAPI.contexts())}))
        next_step = "choose one, or make it with `docker context create`"
        raise UsageError(f"expected: a Docker context: {known}\nactual: {context}\nnext: {next_step}")
    return docker.DockerClient(base_url=_must_be_known(context, found.Host), tls=found.TLSConfig or False, timeout=seconds)


def _must_be_known(context: str, address: str) -> str:
    """The address, unless the way to it is not one of ours."""
    if urlsplit(address).scheme in SCHEMES:
        return address
    raise UsageError(
        f"expected: an engine at {', '.join(f'{scheme}://' for scheme in SCHEMES[:2])}\nactual: the context {context} is at {address}\n"
        "next: for ssh, forward the socket with `ssh -L /tmp/engine.sock:/var/run/docker.sock HOST`, and use unix:///tmp/engine.sock"
    )
