"""A platform that starts a target's gateway as its orchestrator: a local process, or a container on the host's network.

Everything else is the inner platform's. A gateway that runs elsewhere (url) is no node, so it is never started here.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from hivecheck import process_labels
from hivecheck.errors import PlatformError, SetupError
from hivecheck.platforms.platform import Node, NodeSpec, Platform
from hivecheck.platforms.ports import LOOPBACK, PortReservation
from hivecheck.platforms.process import ProcessNode
from hivecheck.targets import templates
from hivecheck.targets.target import Target
from hivecheck.targets.templates import WorkerAddress
from hivecheck.waiting import eventually_all

GATEWAY_EXIT_SECONDS = 5.0
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


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
        self._kept_folder = kept_folder
        self._owner = process_labels.Owner.this_process().label()
        self._processes: list[ProcessNode] = []
        self._extra_ports: dict[str, list[PortReservation]] = defaultdict(list)

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

    def release(self, stack: str) -> None:
        self._inner.release(stack)
        for port in self._extra_ports.pop(stack, []):
            port.release()

    def leftovers(self, stack: str | None = None) -> list[tuple[str, str]]:
        return self._inner.leftovers(stack) + self._containers_left(stack)

    def sweep(self, stack: str | None = None) -> list[str]:
        left = [sentence for _, sentence in self._containers_left(stack)]
        swept = self._inner.sweep(stack)
        own = [node for node in self._processes if stack in (None, node.stack)]
        # The inner sweep ends these by label. Only their parent, which is this process, can reap them.
        eventually_all(own, lambda node: not node.is_running(), within=GATEWAY_EXIT_SECONDS, what="exit of every gateway process")
        if self._target.image and self.name != "docker":  # ended ones, too
            from hivecheck.targets import container_gateway

            container_gateway.sweep(self.run_id, stack)
        return swept + left

    def _start_gateway(self, stack: str, spec: NodeSpec) -> Node:
        url = self._inner.reserve(stack, spec.name)
        addresses = [WorkerAddress(item["id"], self._inner.reserve(stack, item["id"]), item["models"]) for item in spec.settings["workers"]]
        folder = (self._folder / stack / spec.name).resolve()
        (folder / "data").mkdir(parents=True, exist_ok=True)
        extra = PortReservation()
        self._extra_ports[stack].append(extra)
        config = folder / (self._target.config.file if self._target.config else "config")
        known = templates.values(
            addresses,
            host=LOOPBACK,
            port=url.rpartition(":")[2],
            extra_port=extra.port,
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
        if self._target.image:
            from hivecheck.targets import container_gateway  # not at the top: a command needs no Docker

            kept = str(self._kept(stack))
            return container_gateway.start(
                self._target.image,
                spec.name,
                stack,
                url,
                command,
                environment,
                folder,
                container_gateway.ContainerLabels(self.run_id, self._owner, kept),
            )
        try:
            node = ProcessNode(spec, url, folder, command, self._environment(stack, spec.name) | environment)
        except OSError as error:
            raise SetupError(
                f"target {self._target.origin}: {command[0]} cannot be started ({error.strerror or error}); {self._way_out()}"
            ) from None
        self._processes.append(node)
        return node

    def _way_out(self) -> str:
        if self._target.install:
            return f"install it with `hivecheck targets install {self._target.origin}`"
        return "name a program that is there, or install it"

    def _environment(self, stack: str, node: str) -> dict[str, str]:
        """Little of the person's; the label, by which the gateway is found and ended like any node."""
        own = {
            process_labels.RUN_LABEL: self.run_id,
            process_labels.STACK_LABEL: stack,
            process_labels.NODE_LABEL: node,
            process_labels.OWNER_LABEL: self._owner,
            process_labels.KEPT_LABEL: str(self._kept(stack)),
        }
        return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | own

    def _kept(self, stack: str) -> Path:
        return self._kept_folder / f"{self.run_id}-{stack}.json"

    def _containers_left(self, stack: str | None) -> list[tuple[str, str]]:
        """A gateway's container, where the inner platform knows none; docker finds it by itself, by the labels."""
        if not self._target.image or self.name == "docker":
            return []
        from hivecheck.targets import container_gateway

        try:
            return container_gateway.leftovers(self.run_id, stack)
        except PlatformError as error:
            return [(stack or "", f"unknown whether the gateway's container is left: {error}")]
