"""TCP connections between nodes, as the kernels of both ends report them."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

from hivecheck.checks.recovery.backoff import growing_gaps
from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually
from hivecheck.world.checker import Checker

ESTABLISHED = "01"  # proc(5), /proc/net/tcp
MIN_NOTED = 2  # one in use, and one idle that only its owner can close
# The gateway doubles its waits. Three gaps with 1.5 times between the first and the last leave room for its jitter.
BACKOFF_FACTOR, BACKOFF_GAPS = 1.5, 3


@dataclass
class Connections:
    """`noted` maps node and peer to the node's own ports of the connections that a scenario noted."""

    stack: Stack
    checker: Checker
    noted: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def note(self, node: str, peer: str) -> None:
        """Note the established connections of a node to a peer. Raises InconclusiveError for too few of them."""
        found = self._established(node, peer)
        if len(found) < MIN_NOTED:
            raise InconclusiveError(f"expected: {MIN_NOTED} connections or more from {node} to {peer}\nactual: {len(found)}")
        self.noted[node, peer] = found

    def must_have_dropped(self, node: str, peer: str, within: float) -> None:
        """No noted connection is still established. New connections are allowed."""
        if (node, peer) not in self.noted:
            raise InconclusiveError(
                f"expected: noted connections from {node} to {peer}\nactual: none\nnext: note them in an earlier step of the scenario"
            )
        noted = self.noted[node, peer]
        what = f"no noted connection from {node} to {peer} is left (noted: {len(noted)})"
        must_eventually(lambda: sorted(noted & self._established(node, peer)), within=within, what=what, until=lambda left: not left)

    def must_back_off(self, node: str) -> None:
        """The attempts to reach the node during its last fault came at growing intervals."""
        self.checker.must(growing_gaps, node=node, factor=BACKOFF_FACTOR, count=BACKOFF_GAPS)

    def _established(self, node: str, peer: str) -> set[int]:
        """The node's ports of established connections to the peer, by its own kernel."""
        address = FaultTarget.named(peer, self.stack).engine.packets.address()
        expected = f"{struct.unpack('<I', socket.inet_aton(address))[0]:08X}"  # in the byte order of the machine, proc(5)
        rows = [line.split() for line in self.stack.nodes[node].run(["cat", "/proc/net/tcp"]).output.splitlines()[1:]]
        return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == ESTABLISHED and row[2].partition(":")[0] == expected}
