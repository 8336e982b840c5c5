"""A platform that starts a target's gateway as its orchestrator, through the launcher for a command or for an image.

Everything else is the inner platform's. A gateway that runs elsewhere (url) is no node, so it is never started here.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from hivecheck.platforms.platform import Node, NodeSpec, Platform
from hivecheck.platforms.ports import LOOPBACK, PortReservation
from hivecheck.process_labels import Ownership
from hivecheck.targets import templates
from hivecheck.targets.launcher import GatewayStart, Launcher
from hivecheck.targets.process_launcher import ProcessLauncher
from hivecheck.targets.target import Target
from hivecheck.targets.templates import WorkerAddress


class TargetPlatform:
    """`folder` holds the gateway's files, one folder a stack. `home` is the place of `hivecheck targets install`."""

    def __init__(self, inner: Platform, target: Target, folder: Path, home: Path, kept_folder: Path) -> None:
        target.must_go_with(inner.name)
        self.name = inner.name
        self.run_id = inner.run_id
        self._inner = inner
        self._target = target
        self._folder = folder
        self._home = home
        self._launcher = _launcher(target, inner, kept_folder)

    def capabilities(self, placement: str) -> frozenset[str]:
        return self._inner.capabilities(placement)

    def source_hash(self) -> str:
        return self._inner.source_hash()

    def reserve(self, stack: str, node: str) -> str:
        return self._inner.reserve(stack, node)

    def peer_url(self, stack: str, node: str) -> str:
        return self._inner.peer_url(stack, node)

    def start(self, stack: str, spec: NodeSpec) -> Node:
        return self._start_gateway(stack, spec) if spec.service == "orchestrator" else self._inner.start(stack, spec)

    def resume(self, stack: str, nodes: Collection[Node]) -> None:
        gateways = [node for node in nodes if node.service == "orchestrator"]
        for gateway in gateways:
            gateway.resume()
        self._inner.resume(stack, [node for node in nodes if node not in gateways])

    def vacate(self, stack: str, node: str) -> None:
        self._inner.vacate(stack, node)

    def release(self, stack: str) -> None:
        self._inner.release(stack)

    def leftovers(self, stack: str | None = None) -> list[tuple[str, str]]:
        return self._inner.leftovers(stack) + self._launcher.leftovers(stack)

    def sweep(self, stack: str | None = None) -> list[str]:
        left = [sentence for _, sentence in self._launcher.leftovers(stack)]
        swept = self._inner.sweep(stack)
        self._launcher.sweep(stack)
        return swept + left

    def _start_gateway(self, stack: str, spec: NodeSpec) -> Node:
        url = self._inner.reserve(stack, spec.name)
        addresses = [WorkerAddress(item["id"], self._inner.reserve(stack, item["id"]), item["models"]) for item in spec.settings["workers"]]
        folder = (self._folder / stack / spec.name).resolve()
        (folder / "data").mkdir(parents=True, exist_ok=True)
        extra = PortReservation()
        config = folder / (self._target.config.file if self._target.config else "config")
        known = templates.values(
            addresses,
            host=LOOPBACK,
            port=url.rpartition(":")[2],
            extra_port=extra.port,
            python=sys.executable,
            beside=self._target.folder(),
            home=self._home,
            folder=folder / "data",
            config=config,
            key=spec.settings["key"],
            token=spec.settings["token"],
        )
        text = templates.config(self._target, addresses, known)
        if text is not None:
            # Before the text is there: it has the key, and `write_text` makes a file that others may read.
            config.touch(mode=0o600)
            config.write_text(text, encoding="utf-8")
        command, environment = templates.command(self._target, addresses, known), templates.environment(self._target, known)
        # As late as possible. A gateway without SO_REUSEADDR cannot share a port with a socket that is merely bound.
        self._inner.vacate(stack, spec.name)
        extra.release()
        return self._launcher.start(GatewayStart(stack, spec, url, folder, command, environment))


def _launcher(target: Target, inner: Platform, kept_folder: Path) -> Launcher:
    ownership = Ownership.of_this_process(inner.run_id, kept_folder)
    if not target.image:
        return ProcessLauncher(target, ownership)
    from hivecheck.targets.container_launcher import ContainerLauncher  # not at the top: a command needs no Docker

    return ContainerLauncher(target.image, ownership, is_docker=inner.name == "docker")
