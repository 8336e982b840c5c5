"""Shards as containers of any Docker engine, in the network of its machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hivecheck.load.carriers.carrier import SHARD_MODULE
from hivecheck.platforms.docker import contexts
from hivecheck.platforms.docker.attached import AttachedContainer
from hivecheck.platforms.docker.engine import NODE, STACK

COMMAND = ["python", "-P", "-m", SHARD_MODULE]
ID_LENGTH = 12


class ContainerShard:
    """One container. Its engine ends it when the connection to the coordinator ends."""

    def __init__(self, container: AttachedContainer, context: str) -> None:
        self._container = container
        self._context = context

    @property
    def place(self) -> str:
        return f"container {self._container.id[:ID_LENGTH]} of the context {self._context}"

    def send(self, line: bytes) -> None:
        self._container.send(line + b"\n")

    def lines(self) -> Iterator[bytes]:
        yield from self._container.lines()

    def ending(self) -> str:
        if not self._container.is_engine_there():
            return "its engine no longer answers"
        last = self._container.last_error()
        return f"its container ended: {last}" if last else "its container ended"

    def kill(self) -> None:
        self._container.remove()


class Containers:
    """The carrier. `labels` name the run and its owner, so that a cleanup finds the containers. Raises as `contexts.connect` does."""

    def __init__(self, context: str, image: str, labels: Mapping[str, str]) -> None:
        self._context = context
        self._image = image
        self._labels = dict(labels)
        self._client: Any = contexts.connect(context)

    def start(self, name: str, variables: Mapping[str, str]) -> ContainerShard:
        labels = self._labels | {NODE: name}
        container = AttachedContainer(
            self._client, self._image, COMMAND, f"{self._labels[STACK]}-{name}", environment=variables, labels=labels
        )
        return ContainerShard(container, self._context)

    def close(self) -> None:
        self._client.close()
