"""Somebody hoards connections to a node, whose process is left with hardly more file descriptors than its cap of connections takes."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.process.limits import limit, soft_limit

SPARE = 220  # descriptors beyond those in use: enough for a cap of 60 and for those that are being turned away, below what is hoarded
HOARDED = 260
FIRST_LETTER = b"G"  # of a request that never comes: who is turned away is told so at once, and not after a silence
OF_ITS_OWN = 3  # descriptors that a service takes and gives back meanwhile
STEADY_SECONDS = 0.05  # for so long every connection was accounted for, and nobody came or went
TAKEN = 30  # descriptors that the hoard must have taken to count
SCARCE_SHARE = 0.2  # of its limit that a process must hold for descriptors to be scarce: by far more than an idle one does


@dataclass
class ConnectionExhaustion:
    """Each hoarded connection begins a request and says no more. Those beyond the cap are turned away; what was connected is not touched.

    It bit when every connection is accounted for: it was turned away, or the struck process holds a descriptor for it.
    """

    act: str = "short of descriptors"
    description: str = (
        "Somebody holds 260 connections to a node whose process may have hardly more descriptors than its cap of connections takes."
    )
    requires: frozenset[str] = frozenset({"exec"})
    _waiting: list[socket.socket] = field(default_factory=list)  # for their connection
    _held: list[socket.socket] = field(default_factory=list)
    _before: int = 0
    _limit: int = 0
    _seen: int = 0
    _seen_at: float = 0.0

    def inject(self, fault_target: FaultTarget) -> None:
        if not fault_target.is_node:
            raise InconclusiveError(f"expected: a node, whose port the harness reaches\nactual: {fault_target.name}")
        self._before, self._limit = fault_target.descriptors(), soft_limit(fault_target, resource.RLIMIT_NOFILE)
        limit(fault_target, resource.RLIMIT_NOFILE, self._before + SPARE)
        address = urlsplit(fault_target.node.url)
        for _ in range(HOARDED):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex((address.hostname, address.port))
            self._waiting.append(each)

    def effect(self, fault_target: FaultTarget) -> str | None:
        self._sort()
        now, most = fault_target.descriptors(), soft_limit(fault_target, resource.RLIMIT_NOFILE)
        kept = len(self._held) + len(self._waiting)
        is_accounted = now >= most - OF_ITS_OWN or abs(now - self._before - kept) <= OF_ITS_OWN
        if kept != self._seen or not is_accounted:
            self._seen, self._seen_at = kept, time.monotonic()
        if time.monotonic() - self._seen_at < STEADY_SECONDS:
            return None
        is_scarce = now - self._before >= TAKEN and now >= SCARCE_SHARE * most
        return f"{now} of {most} descriptors are taken, {self._before} were before" if is_scarce else None

    def remove(self, fault_target: FaultTarget) -> None:
        for each in self._held + self._waiting:
            each.close()
        self._held.clear()
        self._waiting.clear()
        if self._limit and fault_target.state() is not None:
            limit(fault_target, resource.RLIMIT_NOFILE, self._limit)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        if fault_target.state() is None:
            return None  # what ended holds nothing
        now, most = fault_target.descriptors(), soft_limit(fault_target, resource.RLIMIT_NOFILE)
        if self._limit and most != self._limit:
            return f"{fault_target.name} is still limited to {most} descriptors"
        return f"{fault_target.name} still holds {now} descriptors, {self._before} were before" if now - self._before >= TAKEN else None

    def _sort(self) -> None:
        """Whoever is connected says its letter; whoever was answered or cut off was turned away, and goes."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            try:
                each.send(FIRST_LETTER)
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
