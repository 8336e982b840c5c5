"""A topology as a foreign gateway needs it: every worker a node that can be reached by a static URL. Pure.

The registry and the hives stay: hives watch the workers, so that a scenario can look at them; they relay nothing.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from hivecheck.errors import TopologyError
from hivecheck.targets.target import Target
from hivecheck.topologies.topology import NodeDeclaration, Topology

OF_WORKERS = ("workers", "backend", "restart")  # settings of a hive that are about workers it manages
WORKER_ENVIRONMENT = "WORKER_"


def arranged(topology: Topology, target: Target) -> Topology:
    """The topology with `target` as its orchestrator. Raises TopologyError when it has not exactly one."""
    if len(topology.of("orchestrator")) != 1:
        raise TopologyError(
            f"topology {topology.name}: a target needs one orchestrator to stand in for, got {len(topology.of('orchestrator'))}"
        )
    own = {"workers": [{"id": name, "models": list(models)} for name, models in topology.workers().items()]}
    nodes: list[NodeDeclaration] = []
    for node in topology.nodes:
        if node.service == "orchestrator":
            if not target.url:  # one that runs elsewhere is no node of the stack
                nodes.append(NodeDeclaration(node.name, node.service, own))
        elif node.service == "worker":
            nodes.append(_open(node))
        elif node.service == "hive":
            # ADR 6: a managed worker listens on its hive's loopback, and a hive relays only with our token.
            workers = [_worker(node.settings, worker) for worker in node.settings.get("workers", ())]
            nodes += [*workers, _watching(node, [worker.name for worker in workers])]
        else:
            nodes.append(node)
    return Topology(topology.name, topology.summary, tuple(nodes))


def _open(worker: NodeDeclaration) -> NodeDeclaration:
    """The worker, open to requests without a token."""
    # ADR 9: a foreign gateway has no place for our token.
    return msgspec.structs.replace(worker, settings=worker.settings | {"token": ""})


def _worker(hive: dict[str, Any], worker: dict[str, Any]) -> NodeDeclaration:
    """A managed worker as a node of its own, with the settings its hive would give it."""
    environment = hive.get("backend", {}).get("env", {}) | worker.get("env", {})
    settings = {
        name.removeprefix(WORKER_ENVIRONMENT).lower(): _value(text)
        for name, text in environment.items()
        if name.startswith(WORKER_ENVIRONMENT)
    }
    arguments = list(worker.get("args", ()))
    for flag, setting in zip(arguments[::2], arguments[1::2], strict=False):
        if flag == "--set":
            key, _, text = setting.partition("=")
            settings[key] = _value(text)
    return _open(NodeDeclaration(worker["id"], "worker", settings | {"models": list(worker["models"])}))


def _watching(hive: NodeDeclaration, workers: list[str]) -> NodeDeclaration:
    """The hive, with its workers attached instead of managed."""
    settings = {key: value for key, value in hive.settings.items() if key not in OF_WORKERS}
    attached = [*settings.get("attach", ()), *({"id": name, "url": "{" + name + "}"} for name in workers)]
    return msgspec.structs.replace(hive, settings=settings | {"attach": attached})


def _value(text: str) -> Any:
    """A setting out of text: a JSON value where it is one, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
