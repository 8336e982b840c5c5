"""What a platform is: it reserves addresses, starts nodes, and harms them as far as its capabilities go. Protocols only."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hivecheck.netagent.rule import Counters, Rule

# aiohttp reads the machine's CA certificates when it is imported, a fifth of a service's start; nothing in a stack speaks TLS.
QUICK_START = {"SSL_CERT_FILE": os.devnull}


@dataclass(frozen=True)
class NodeSpec:
    """A node to start: `settings` become its TOML file, with the address the platform reserved for it; `overrides` are laid over.

    `disk_mib`: capability `disk`, a small disk of its own below `models` in its data folder; it is empty whenever the node starts.
    """

    name: str
    service: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    disk_mib: int | None = None


@dataclass(frozen=True)
class ProcessView:
    """A process of a node. `pid` is as the node itself sees it; `state` is the letter of /proc/<pid>/stat."""

    pid: int
    parent_pid: int
    state: str
    command: str


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket of a node, or one of the platform that leads to it (`is_published`).

    `is_inside`: only the stack's own network and this machine's loopback can reach it.
    """

    host: str
    port: int
    is_inside: bool
    is_published: bool = False


@dataclass(frozen=True)
class CommandResult:
    """What a command that was run at a node left: standard output and error together."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class ProcessMemory:
    """Resident memory of one process: now, and the most since its start."""

    resident_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Usage:
    """What a node uses: memory now, processor time since its start, processes now."""

    memory_bytes: int
    cpu_seconds: float
    processes: int


class Freezable(Protocol):
    """Capability `container_pause`: pause and resume every process of the node."""

    def pause_container(self) -> None: ...

    def resume_container(self) -> None: ...

    def is_container_paused(self) -> bool: ...


class Squeezable(Protocol):
    """Capabilities `memory` and `cpu`: limits that can be tightened while the node runs, and restored."""

    def limit_memory(self, memory_bytes: int) -> None: ...

    def restore_memory(self) -> None: ...

    def is_memory_limited(self) -> bool: ...

    def limit_cpu(self, cores: float) -> None: ...

    def restore_cpu(self) -> None: ...

    def is_cpu_limited(self) -> bool: ...

    def throttled_periods(self) -> int:
        """In how many of the kernel's periods the node was held back for want of processor time, since its start."""


class Unpluggable(Protocol):
    """Power `network`: off the stack's network and back, under its name."""

    def disconnect(self) -> None: ...

    def connect(self) -> None: ...

    def is_connected(self) -> bool: ...


class Measurable(Protocol):
    """Power `stats`."""

    def usage(self) -> Usage: ...

    def commands(self) -> dict[int, str]:
        """The node's processes and their command lines as the engine sees them: by the machine's ids, and without a look inside."""

    def control_file(self, *names: str) -> str | None:
        """The first of these files of the node's control group that there is, as this machine's kernel shows it; None if it shows none."""


class PacketControl(Protocol):
    """Power `packets`: what becomes of packets between the node and others. Every method raises ClientError when it cannot."""

    def address(self) -> str:
        """The node's own, on the stack's network, as it is now."""

    def apply(self, rule: Rule) -> str:
        """From now on the rule holds, until its lease is over; returns its name."""

    def counters(self, name: str, connect_to: Sequence[str] = ()) -> Counters:
        """What that rule did. It is still reported after the rule's duration.

        `connect_to`: other nodes, by name, to which a connection is begun first, as the node's own service would: packets to count.
        """

    def remove(self, name: str) -> Counters | None:
        """Harmless when it was removed already. The last rule takes its whole machinery with it.

        Returns what it did, as far as the agent still reports.
        """

    def left(self) -> str | None:
        """What is still there though no rule is; None when nothing is."""


class EngineControl(Freezable, Squeezable, Unpluggable, Measurable, Protocol):
    """All that a container engine can do to a node beyond signals."""

    packets: PacketControl


class Node(Protocol):
    """One running service instance. Everything here works on a node that has ended, too, unless it says otherwise."""

    name: str
    service: str
    url: str  # where the harness reaches it
    peer_url: str  # where other nodes reach it
    engine: EngineControl | None  # None where no engine runs it

    def is_running(self) -> bool: ...

    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""

    def signal(self, number: signal.Signals, pid: int | None = None) -> None:
        """Send a signal to the service's own process, or to `pid`, a process of this node. Raises ClientError when that has exited."""

    def resume(self) -> None:
        """SIGCONT to every process of this node, whatever state it seems to be in: a stop may still be on its way."""

    def kill(self) -> None:
        """SIGKILL to the service's own process, and wait until it has exited."""

    def restart(self) -> None:
        """Start an ended node again: same name, same address, same data. Returns before it is ready."""

    def run(self, command: list[str]) -> CommandResult:
        """Run a command where the node's processes run, as they do. Raises ClientError when it cannot be started."""

    def log_lines(self) -> list[str]:
        """Everything it has written to standard output and error, over all its starts."""

    def files(self, pattern: str) -> list[str]:
        """Files of its data folder that match the glob pattern, relative to it."""

    def path_of(self, relative: str) -> Path | None:
        """Where a person finds a file of its data folder on this machine; None if it is not on this machine."""

    def read_file(self, relative: str, offset: int = 0) -> bytes:
        """A file of its data folder from `offset` on; empty when there is none."""

    def processes(self) -> list[ProcessView]:
        """Every living process of this node (no zombies), the service's own first."""

    def memory(self, pid: int | None = None) -> ProcessMemory:
        """Memory of the service's own process, or of `pid`, a process of this node. Raises InconclusiveError when it cannot be read."""

    def proc_of(self, pid: int) -> Path | None:
        """The folder in /proc of a process of this node. None when it has exited or is not visible on this machine."""

    def listeners(self) -> list[Listener]:
        """Every listening TCP socket of this node's processes."""


class Platform(Protocol):
    """Where the nodes of one run live. Everything it starts carries the run's label, by which it can be found and removed."""

    name: str
    run_id: str

    def capabilities(self, placement: str) -> frozenset[str]:
        """What can be done to a node of this placement: `node` (its own process or container) or `managed` (inside a hive's)."""

    def source_hash(self) -> str:
        """What every service it starts must report in `/info` as `source_hash`: another build is not the one under test."""

    def reserve(self, stack: str, node: str) -> str:
        """Reserve an address for a node before it starts, and return its URL. It stays reserved while the stack lives."""

    def peer_url(self, stack: str, node: str) -> str:
        """Where other nodes of the stack will reach a node with a reserved address."""

    def start(self, stack: str, spec: NodeSpec) -> Node:
        """Start a node at its reserved address. Returns before it is ready."""

    def resume(self, stack: str, nodes: Collection[Node]) -> None:
        """`Node.resume` for several nodes of a stack at once."""

    def vacate(self, stack: str, node: str) -> None:
        """Frees the reserved port of a node for a program that shares no port, also with a socket that is merely bound."""

    def release(self, stack: str) -> None:
        """Give back what was reserved for a stack that is down."""

    def leftovers(self, stack: str | None = None) -> list[tuple[str, str]]:
        """What carries the label of this run (or of one of its stacks) and still runs: its stack, and a line that names its node."""

    def sweep(self, stack: str | None = None) -> list[str]:
        """Remove everything that carries that label, running or not; returns what still ran, as `leftovers` names it."""


@dataclass(frozen=True)
class PlatformContext:
    """What a platform is given: the run's id (its label), a folder for files, where the services' source is, the image."""

    run_id: str
    folder: Path
    services_root: Path
    kept_folder: Path = Path("kept")  # where a file per stack says that a person keeps it up
    image: str = ""  # for platforms that run images
    is_overlay: bool = False  # whether services_root is not the one the image was built from
