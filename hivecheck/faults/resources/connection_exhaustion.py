"""A client holds many connections to a node, and the node's process has few file descriptors beyond its connection limit."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.faults.process.limits import limit, soft_limit

# Descriptors beyond those in use. They suffice for a connection limit of 60 and for connections during their rejection.
SPARE = 220
CONNECTIONS = 260
FIRST_BYTE = b"G"  # of an incomplete request: the node rejects such a connection at once, and a silent one only after a timeout
OWN_DESCRIPTORS = 3  # those that a service opens and closes meanwhile
STEADY_SECONDS = 0.05  # for this time every connection was accounted for, and their number was constant
TAKEN = 30  # the descriptors that the connections must take
SCARCE_SHARE = 0.2  # of its limit that the process must hold: far more than an idle process does


@dataclass
class ConnectionExhaustion:
    """Each connection begins a request and stays silent. The node rejects those beyond its limit, and keeps older connections.

    Effective when every connection is accounted for: the node rejected it, or the node's process holds a descriptor for it.
    """

    act: str = "short of descriptors"
    description: str = "A client holds 260 connections to a node, and its process has few descriptors beyond its connection limit."
    requires: frozenset[str] = frozenset({"exec"})
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = "a node without a connection limit promises nothing for that"
    example_target: str = "hive-1"
    _waiting: list[socket.socket] = field(default_factory=list)  # for their connection
    _held: list[socket.socket] = field(default_factory=list)
    _before: int = 0
    _limit: int = 0
    _kept: int = 0
    _changed_at: float = 0.0

    def inject(self, fault_target: FaultTarget) -> None:
        if not fault_target.is_node:
            raise InconclusiveError(
                f"expected: a node with a port for the harness\nactual: {fault_target.name} is a worker of {fault_target.node.name}\n"
                "next: name a node"
            )
        self._before, self._limit = fault_target.descriptors(), soft_limit(fault_target, resource.RLIMIT_NOFILE)
        limit(fault_target, resource.RLIMIT_NOFILE, self._before + SPARE)
        address = urlsplit(fault_target.node.url)
        for _ in range(CONNECTIONS):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex((address.hostname, address.port))
            self._waiting.append(each)

    def effect(self, fault_target: FaultTarget) -> str | None:
        self._sort()
        now, most = fault_target.descriptors(), soft_limit(fault_target, resource.RLIMIT_NOFILE)
        kept = len(self._held) + len(self._waiting)
        # Other clients may open connections meanwhile, so there may be more descriptors than our connections need.
        is_accounted = now >= most - OWN_DESCRIPTORS or now - self._before >= kept - OWN_DESCRIPTORS
        if kept != self._kept or not is_accounted:
            self._kept, self._changed_at = kept, time.monotonic()
        if time.monotonic() - self._changed_at < STEADY_SECONDS:
            return None
        is_scarce = now - self._before >= TAKEN and now >= SCARCE_SHARE * most
        return f"descriptors in use: {now} of {most}, {self._before} before the injection" if is_scarce else None

    def remove(self, fault_target: FaultTarget) -> None:
        for each in self._held + self._waiting:
            each.close()
        self._held.clear()
        self._waiting.clear()
        if self._limit and fault_target.state() is not None:
            limit(fault_target, resource.RLIMIT_NOFILE, self._limit)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        if fault_target.state() is None:
            return None  # a process that has exited holds nothing
        now, most = fault_target.descriptors(), soft_limit(fault_target, resource.RLIMIT_NOFILE)
        if self._limit and most != self._limit:
            return f"the descriptor limit of {fault_target.name} is still {most}"
        is_left = now - self._before >= TAKEN
        return f"descriptors in use at {fault_target.name}: {now}, {self._before} before the injection" if is_left else None

    def _sort(self) -> None:
        """Send the first byte on each new connection, and close each one that the node answered or closed."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            try:
                each.send(FIRST_BYTE)
                self._held.append(each)
            except (BlockingIOError, InterruptedError):
                self._waiting.append(each)
            except OSError:
                each.close()
        held, self._held = self._held, []
        for each in held:
            with contextlib.suppress(BlockingIOError):
                with contextlib.suppress(ConnectionError):
                    each.recv(1)
                each.close()
                continue
            self._held.append(each)
