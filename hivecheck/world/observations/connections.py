"""The connections of nodes, as the kernels of both ends and the packets between them tell of them. Judges by history where it can."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually
from hivecheck.world.checker import Checker

ESTABLISHED = "01"  # proc(5), /proc/net/tcp
FEWEST_NOTED = 2  # one in use, and one idle that nobody but its owner can give up


@dataclass
class Connections:
    """`noted` are connections as they were when a scenario noted them: node and peer -> the node's own ports."""

    stack: Stack
    checker: Checker
    noted: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def note(self, node: str, peer: str) -> None:
        """The established connections of a node to a peer. Raises InconclusiveError for too few to tell anything."""
        found = self._established(node, peer)
        if len(found) < FEWEST_NOTED:
            raise InconclusiveError(f"expected: {FEWEST_NOTED} connections or more from {node} to {peer}\nactual: {len(found)}")
        self.noted[node, peer] = found

    def must_have_dropped(self, node: str, peer: str, within: float) -> None:
        """None of the noted connections is established any more; others may be."""
        if (node, peer) not in self.noted:
            raise InconclusiveError(f"The connections from {node} to {peer} were not noted before.")
        noted = self.noted[node, peer]
        what = f"none of {len(noted)} connections from {node} to {peer} that were there before"
        must_eventually(lambda: sorted(noted & self._established(node, peer)), within=within, what=what, until=lambda left: not left)

    def _established(self, node: str, peer: str) -> set[int]:
        """The node's ports of established connections to the peer, by its own kernel."""
        address = FaultTarget.named(peer, self.stack).engine.packets.address()
        expected = f"{struct.unpack('<I', socket.inet_aton(address))[0]:08X}"  # in the byte order of the machine, proc(5)
        rows = [line.split() for line in self.stack.nodes[node].run(["cat", "/proc/net/tcp"]).output.splitlines()[1:]]
        return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == ESTABLISHED and row[2].partition(":")[0] == expected}
