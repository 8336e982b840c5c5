"""A target's templates filled in for one stack: command line, environment, config file, expected readiness, registrations. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any
from urllib.parse import urlsplit

from hivecheck.clients.foreign_gateway import GatewayProfile
from hivecheck.targets.target import Ready, Target

ALL_WORKERS = "$worker_urls"


@dataclass(frozen=True)
class WorkerAddress:
    """A worker as the gateway reaches it."""

    id: str
    url: str
    models: Sequence[str]


def values(addresses: Sequence[WorkerAddress], **own: Any) -> dict[str, str]:
    """What stands behind each $ that is about the gateway; `own` are address, folders and secrets."""
    workers = {"worker_urls": ",".join(address.url for address in addresses), "worker_count": str(len(addresses))}
    return {name: str(value) for name, value in own.items()} | workers


def command(target: Target, addresses: Sequence[WorkerAddress], known: Mapping[str, str]) -> list[str]:
    """The argument list; `$worker_urls` as an argument by itself becomes one for each worker."""
    arguments: list[str] = []
    for part in target.command:
        arguments += [address.url for address in addresses] if part == ALL_WORKERS else [Template(part).substitute(known)]
    return arguments


def environment(target: Target, known: Mapping[str, str]) -> dict[str, str]:
    return {name: Template(text).substitute(known) for name, text in target.environment.items()}


def config(target: Target, addresses: Sequence[WorkerAddress], known: Mapping[str, str]) -> str | None:
    """The text of the config file; None when the target has none."""
    if target.config is None:
        return None
    pieces = [Template(target.config.each_worker).substitute(each) for each in per_worker(addresses)]
    return Template(target.config.text).substitute(dict(known) | {"each_worker": "".join(pieces)})


def registrations(target: Target, addresses: Sequence[WorkerAddress]) -> list[tuple[str, str, Any]]:
    """Method, path and body of every call that tells the gateway of its workers."""
    return [(call.method, call.path, fill(call.body, each)) for each in per_worker(addresses) for call in target.register]


def per_worker(addresses: Sequence[WorkerAddress]) -> list[dict[str, str]]:
    """What stands behind each $ that is about a worker: for each worker, for each of its models."""
    found = []
    for address in addresses:
        place = urlsplit(address.url)
        about = {"id": address.id, "url": address.url, "host": str(place.hostname), "port": str(place.port)}
        found += [about | {"model": model} for model in address.models]
    return found


def fill(value: Any, known: Mapping[str, str]) -> Any:
    """A JSON value with every $ in its texts filled in."""
    if isinstance(value, str):
        return Template(value).substitute(known)
    if isinstance(value, Mapping):
        return {key: fill(item, known) for key, item in value.items()}
    return [fill(item, known) for item in value] if isinstance(value, list) else value


def gateway_profile(target: Target, addresses: Sequence[WorkerAddress], key: str, token: str) -> GatewayProfile:
    """How the stack deals with this gateway."""
    known = values(addresses, key=key, token=token)
    return GatewayProfile(
        target.name,
        target.ready.path,
        lambda reply: unready(target.ready, reply.status, reply.body, known),
        registrations(target, addresses),
    )


def unready(ready: Ready, status: int, body: Any, known: Mapping[str, str]) -> str | None:
    """What an answer to the readiness question lacks; None when the gateway serves. Numbers are compared as they are written."""
    if status != ready.status:
        return f"{ready.path} answers {status}, not {ready.status}"
    for path, expected in fill(ready.body, known).items():
        found = body
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        # As text, because a $ in the template makes the expected number a string.
        if str(found) != str(expected):
            return f"{ready.path} says {path} is {found!r}, not {expected!r}"
    return None
