"""Somebody hoards connections to a node, whose process is left with hardly more file descriptors than its cap of connections takes."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import Victim

SPARE = 220  # descriptors beyond those in use: enough for a cap of 60 and for those that are being turned away, below what is hoarded
HOARDED = 260
STEADY_SECONDS = 1.0  # for so long nobody came or went any more: whoever was to be turned away is
TAKEN = 30  # descriptors that the hoard must have taken to count
SCARCE_SHARE = 0.2  # of its limit that a process must hold for descriptors to be scarce: by far more than an idle one does
CONNECT_SECONDS = 2.0
LIMIT = """
import resource, sys
pid, soft = map(int, sys.argv[1:])
resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
"""


@dataclass
class Hoard:
    """The hoarded connections say nothing. Those beyond the cap are turned away; what was connected before is not touched."""

    done: str = "short of descriptors"
    needs: frozenset[str] = frozenset({"exec"})
    _sockets: list[socket.socket] = field(default_factory=list)
    _before: int = 0
    _limit: int = 0
    _seen: int = 0
    _seen_at: float = 0.0

    def inject(self, victim: Victim) -> None:
        if not victim.is_node:
            raise InconclusiveError(f"wanted: a node, whose port the harness reaches\ngot: {victim.name}")
        self._before, self._limit = descriptors(victim), soft_limit(victim)
        limit(victim, self._before + SPARE)
        address = urlsplit(victim.node.url)
        for _ in range(HOARDED):
            with contextlib.suppress(OSError):  # one that is turned away at once is no loss
                self._sockets.append(socket.create_connection((address.hostname, address.port), CONNECT_SECONDS))

    def effect(self, victim: Victim) -> str | None:
        now, most = descriptors(victim), soft_limit(victim)
        if now != self._seen:
            self._seen, self._seen_at = now, time.monotonic()
        if time.monotonic() - self._seen_at < STEADY_SECONDS:
            return None
        is_scarce = now - self._before >= TAKEN and now >= SCARCE_SHARE * most
        return f"{now} of {most} descriptors are taken, {self._before} were before" if is_scarce else None

    def heal(self, victim: Victim) -> None:
        for each in self._sockets:
            each.close()
        self._sockets.clear()
        if self._limit and victim.state() is not None:
            limit(victim, self._limit)

    def residue(self, victim: Victim) -> str | None:
        if victim.state() is None:
            return None  # what ended holds nothing
        if self._limit and soft_limit(victim) != self._limit:
            return f"{victim.name} is still limited to {soft_limit(victim)} descriptors"
        now = descriptors(victim)
        return f"{victim.name} still holds {now} descriptors, {self._before} were before" if now - self._before >= TAKEN else None


def descriptors(victim: Victim) -> int:
    """How many file descriptors the struck process holds, as the kernel lists them."""
    return len(victim.node.run(["ls", f"/proc/{victim.pid}/fd"]).output.split())


def soft_limit(victim: Victim) -> int:
    """How many it may hold."""
    lines = victim.node.run(["cat", f"/proc/{victim.pid}/limits"]).output.splitlines()
    return next(int(line.split()[3]) for line in lines if line.startswith("Max open files"))


def limit(victim: Victim, soft: int) -> None:
    """Change how many it may hold; raised again, up to what it was started with, without any privilege."""
    done = victim.node.run(["python3", "-c", LIMIT, str(victim.pid), str(soft)])
    if done.exit_code:
        raise InconclusiveError(f"wanted: {victim.name} limited to {soft} descriptors\ngot: {done.output}")
