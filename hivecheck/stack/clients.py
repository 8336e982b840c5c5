"""The control-plane clients of one stack: registry, gateway and hives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hivecheck.clients.foreign_gateway import ForeignGateway
from hivecheck.clients.gateway import Gateway, GatewayClient
from hivecheck.clients.hive import HiveClient
from hivecheck.clients.registry import RegistryClient
from hivecheck.stack.secrets import Secrets
from hivecheck.targets import templates
from hivecheck.targets.target import Target
from hivecheck.targets.templates import WorkerAddress
from hivecheck.topologies.topology import Topology


@dataclass
class StackClients:
    """`hives` grows with hives that join. A foreign target has no reference gateway."""

    registry: RegistryClient
    gateway: Gateway
    hives: dict[str, HiveClient] = field(default_factory=dict)

    @classmethod
    def of(cls, topology: Topology, urls: Mapping[str, str], secrets: Secrets, target: Target | None) -> StackClients:
        """Clients for the nodes of a topology at these URLs. Nothing is sent yet."""
        return cls(
            RegistryClient(urls[topology.of("registry")[0].name], secrets.token),
            _gateway(topology, urls, secrets, target),
            {hive.name: HiveClient(urls[hive.name], secrets.token) for hive in topology.of("hive")},
        )

    @property
    def reference(self) -> GatewayClient | None:
        """The reference gateway with its status and usage API; None for a foreign target."""
        return self.gateway if isinstance(self.gateway, GatewayClient) else None

    def called(self, node: str, service: str) -> str:
        """The name of a node in messages: another gateway has its own."""
        return self.gateway.name if service == "orchestrator" and isinstance(self.gateway, ForeignGateway) else node

    def close(self) -> None:
        self.registry.close()
        self.gateway.close()
        for hive in self.hives.values():
            hive.close()


def _gateway(topology: Topology, urls: Mapping[str, str], secrets: Secrets, target: Target | None) -> Gateway:
    if target is None:
        return GatewayClient(urls[topology.of("orchestrator")[0].name], secrets.token)
    url = target.url or urls[topology.of("orchestrator")[0].name]
    workers = [WorkerAddress(name, urls[name], models) for name, models in topology.workers().items()]
    key = secrets.keys["tester"]
    profile = templates.gateway_profile(target, workers, key, secrets.token)
    return ForeignGateway(url, key, profile, [worker.url for worker in workers])
