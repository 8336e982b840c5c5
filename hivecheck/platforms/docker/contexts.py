"""The engines of Docker contexts: those of the `docker` command, or an address as in DOCKER_HOST. Starts nothing.

An engine of another machine is allowed here. A node needs more (`daemon.py`), a container that mounts and publishes nothing does not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
from docker.errors import TLSParameterError
from docker.tls import TLSConfig

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
    endpoint = _endpoint(context)
    return docker.DockerClient(base_url=_must_be_known(context, endpoint["Host"]), tls=_tls(context, endpoint), timeout=seconds)


def _endpoint(context: str) -> dict[str, Any]:
    """Host and TLS of a context, from the files of the `docker` command. The SDK's reader finds none without a config.json."""
    found = dict(_endpoints())
    if context not in found:
        known = ", ".join(sorted({DEFAULT, *found}))
        next_step = "choose one, or make it with `docker context create`"
        raise UsageError(f"expected: a Docker context: {known}\nactual: {context}\nnext: {next_step}")
    return found[context]


def _endpoints() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((_folder() / "meta").glob("*/meta.json")):
        try:
            meta = json.loads(file.read_text(encoding="utf-8"))
            name, endpoint = str(meta["Name"]), dict(meta["Endpoints"]["docker"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # of another orchestrator, or half written
        yield name, {"Host": "", **endpoint}


def _tls(context: str, endpoint: dict[str, Any]) -> TLSConfig | bool:
    folder = _folder() / "tls" / hashlib.sha256(context.encode()).hexdigest() / "docker"
    if not folder.is_dir():
        return False
    try:
        pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
        return TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=not endpoint.get("SkipTLSVerify", False))
    except TLSParameterError as error:
        raise UsageError(f"expected: ca.pem, cert.pem and key.pem in {folder}\nactual: {error}\nnext: make the context again") from None


def _folder() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "contexts"


def _must_be_known(context: str, address: str) -> str:
    """The address, unless the way to it is not one of ours."""
    if urlsplit(address).scheme in SCHEMES:
        return address
    raise UsageError(
        f"expected: an engine at {', '.join(f'{scheme}://' for scheme in SCHEMES[:2])}\nactual: the context {context} is at {address}\n"
        "next: for ssh, forward the socket with `ssh -L /tmp/engine.sock:/var/run/docker.sock HOST`, and use unix:///tmp/engine.sock"
    )
