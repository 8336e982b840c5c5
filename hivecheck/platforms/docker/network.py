"""A stack's own network. Every node keeps its address however often it starts, also while other nodes are down.

By itself the engine gives the address of a stopped node to the next node that starts. Two nodes that are down at the same time
come back with swapped addresses. A client with a resolved name or an open pool then talks to the wrong node for good.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool
from testcontainers.core.network import Network

from hivecheck.errors import SetupError

FIRST_HOST = 16  # the engine assigns the addresses below: to its gateway, and to containers without a fixed one
TRIES = 5


@dataclass(frozen=True)
class Place:
    """Where a node is on its stack's network, and what it is called there."""

    network: str
    address: str
    aliases: list[str]


@dataclass(frozen=True)
class StackNetwork:
    """Addresses are given out in turn, and none twice."""

    name: str
    subnet: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_HOST))

    def next_address(self) -> str:
        return str(ipaddress.ip_network(self.subnet)[next(self._numbers)])


def endpoint(client: Any, place: Place) -> dict[str, Any]:
    """A place in the Docker SDK's words for a container that is created."""
    endpoint = client.api.create_endpoint_config(aliases=place.aliases, ipv4_address=place.address)
    return {"network": place.network, "networking_config": {place.network: endpoint}}


def create(client: Any, labels: dict[str, str]) -> StackNetwork:
    """A network with a subnet that the engine chose. Raises SetupError when others were quicker to take it every time.

    An engine lets addresses be chosen only where the subnet was, too; and only it knows which ones are free.
    """
    for _ in range(TRIES):
        scout = client.networks.create(Network().name, labels=labels)
        try:
            scout.reload()
            subnet = str(scout.attrs["IPAM"]["Config"][0]["Subnet"])
        finally:
            scout.remove()
        try:
            pool = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)])
            return StackNetwork(Network(docker_network_kw={"labels": labels, "ipam": pool}).create().name, subnet)
        except APIError as error:
            refusal = str(error.explanation or error)
    raise SetupError(f"the engine makes no network with the subnet that it chose itself, {TRIES} times in a row ({refusal})")
