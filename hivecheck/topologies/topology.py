"""Declared stacks: which nodes, with which settings. Data from `topologies/*.toml`; starts nothing.

In settings, `{node-name}` stands for that node's URL.
"""

from __future__ import annotations

import copy
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hivecheck.errors import TopologyError

FOLDER = Path(__file__).parent
SERVICES = ("registry", "orchestrator", "hive", "worker", "model_hub")


class NodeDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One node: its name, which service it runs and that service's settings (less name, host, port and secrets).

    `disk_mib`: the size of a disk of its own for model files, where the platform has the capability `disk`. None means the machine's disk.
    """

    name: str
    service: str
    settings: dict[str, Any] = {}
    # A disk of its own lets the kernel answer ENOSPC without harm to the machine. It is a tmpfs, for data that need not survive.
    disk_mib: int | None = None


class Topology(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared stack."""

    name: str
    summary: str
    nodes: tuple[NodeDeclaration, ...]

    def of(self, service: str) -> tuple[NodeDeclaration, ...]:
        """The nodes that run `service`."""
        return tuple(node for node in self.nodes if node.service == service)

    def workers(self) -> dict[str, tuple[str, ...]]:
        """Worker id -> models, as they must be routable when the stack is ready: managed by a hive or attached to one."""
        own = {node.name: tuple(node.settings.get("models", ())) for node in self.of("worker")}
        found: dict[str, tuple[str, ...]] = {}
        for hive in self.of("hive"):
            found |= {worker["id"]: tuple(worker["models"]) for worker in hive.settings.get("workers", ())}
            found |= {attached["id"]: own[attached["id"]] for attached in hive.settings.get("attach", ())}
        return found

    def managed(self, hive: str) -> tuple[str, ...]:
        """The ids of the workers that `hive` is declared to manage; none for a hive that is not declared."""
        declared = [node for node in self.nodes if node.name == hive]
        return tuple(worker["id"] for node in declared for worker in node.settings.get("workers", ()))


def load(name: str, folder: Path = FOLDER) -> Topology:
    """The topology `name`. Raises TopologyError when it does not exist or is wrong."""
    raw = _resolve(name, folder, ())
    try:
        topology = msgspec.convert({"name": name, "summary": raw.get("summary", ""), "nodes": raw.get("nodes", [])}, Topology)
    except msgspec.ValidationError as error:
        raise TopologyError(f"topology {name}: {error}") from None
    _check(topology)
    return topology


def names(folder: Path = FOLDER) -> list[str]:
    """Every declared topology."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def render(settings: Mapping[str, Any], urls: Mapping[str, str]) -> dict[str, Any]:
    """The settings with `{node-name}` replaced by that node's URL, everywhere."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            for name, url in urls.items():
                # Not str.format: other braces, such as those of JSON, belong to the service.
                value = value.replace("{" + name + "}", url)
            return value
        if isinstance(value, Mapping):
            return {key: fill(item) for key, item in value.items()}
        return [fill(item) for item in value] if isinstance(value, (list, tuple)) else value

    return {key: fill(value) for key, value in settings.items()}


def _resolve(name: str, folder: Path, parents: tuple[str, ...]) -> dict[str, Any]:
    path = folder / f"{name}.toml"
    if not path.is_file():
        near = difflib.get_close_matches(name, names(folder), n=1)
        place = f"{folder.parent.name}/{folder.name}/"
        hint = f"did you mean {near[0]}?" if near else f"name one of {', '.join(names(folder))}"
        raise TopologyError(f"expected: a topology, which is a TOML file in {place}\nactual: {name!r}\nnext: {hint}")
    if name in parents:
        raise TopologyError(f"topology {name}: extends itself by way of {' -> '.join(parents)}")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TopologyError(f"topology {name}: {path.name} is no TOML: {error}") from None
    # Before the merge, because `load` passes only known keys to msgspec and drops others silently.
    if unknown := set(raw) - {"summary", "extends", "change", "nodes"}:
        raise TopologyError(f"topology {name}: unknown key {sorted(unknown)[0]!r}; accepted: summary, extends, change, nodes")
    if "extends" not in raw:
        return raw
    merged = copy.deepcopy(_resolve(raw["extends"], folder, (*parents, name)))
    merged["summary"] = raw.get("summary", merged.get("summary", ""))
    merged["nodes"] = merged.get("nodes", []) + raw.get("nodes", [])
    by_name = {node.get("name"): node for node in merged["nodes"]}
    for node, changes in raw.get("change", {}).items():
        if node not in by_name:
            raise TopologyError(f"topology {name}: [change.{node}] names no node of {raw['extends']}; it has {', '.join(by_name)}")
        by_name[node].setdefault("settings", {}).update(changes)
    return merged


def _check(topology: Topology) -> None:
    names: set[str] = set()
    for node in topology.nodes:
        if node.service not in SERVICES:
            raise TopologyError(f"topology {topology.name}: node {node.name} runs {node.service!r}; accepted: {', '.join(SERVICES)}")
        if node.name in names:
            raise TopologyError(f"topology {topology.name}: two nodes are called {node.name}")
        names.add(node.name)
    if not topology.nodes:
        raise TopologyError(f"topology {topology.name}: has no nodes; declare at least one [[nodes]]")
