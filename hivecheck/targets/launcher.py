"""How a target's gateway becomes a node. `process_launcher.py` and `container_launcher.py` implement it."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from hivecheck.platforms.platform import Node, NodeSpec


@dataclass(frozen=True)
class GatewayStart:
    """A gateway that is to start, with its templates filled in. The folder is its own and holds its configuration and `data`."""

    stack: str
    spec: NodeSpec
    url: str
    folder: Path
    command: list[str]
    environment: dict[str, str]


@runtime_checkable
class GatewayNode(Protocol):
    """A node that tells its own exit from one that the harness caused."""

    def own_exit_code(self) -> int | None:
        """The exit code of a gateway that exited without a signal of the harness; None while it runs, and after such a signal."""


def ends(number: signal.Signals) -> bool:
    """Whether a process may exit at this signal."""
    return number not in (signal.SIGSTOP, signal.SIGCONT)


class Launcher(Protocol):
    """Starts and ends the gateways of one target."""

    def start(self, gateway: GatewayStart) -> Node:
        """Starts the gateway and returns before it is ready. Raises TargetError or SetupError when it cannot start."""

    def leftovers(self, stack: str | None) -> list[tuple[str, str]]:
        """Stack and sentence of each running gateway that the inner platform does not find by itself."""

    def sweep(self, stack: str | None) -> None:
        """Ends what the inner platform's sweep leaves of a stack's gateways, or of all."""
