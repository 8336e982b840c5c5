"""Packets that the kernel holds for a decision: NFQUEUE over raw netlink. Decides nothing itself. Part of the netagent."""

from __future__ import annotations

import os
import socket
import struct

NETLINK_NETFILTER = 12
PACKET, VERDICT, CONFIG = 3 << 8, 3 << 8 | 1, 3 << 8 | 2
REQUEST, ACKNOWLEDGE = 1, 4
DROP, ACCEPT = 0, 1
OUTGOING_HOOK = 3  # NF_INET_LOCAL_OUT; 1 is NF_INET_LOCAL_IN
COPY_PACKET = 2
FAIL_OPEN = 1  # the kernel accepts packets while the queue is full
MOST_HELD = 65536  # packets
COPIED_BYTES = 128  # the longest IPv4 and TCP headers are 120
RECEIVE_BUFFER_BYTES = 8 << 20
SOL_NETLINK, NO_ENOBUFS = 270, 5
READS_AT_ONCE = 256


class Packet:
    """A held packet: its number in the queue, its direction, and its first bytes from the IPv4 header on."""

    __slots__ = ("data", "is_outgoing", "number")

    def __init__(self, number: int, is_outgoing: bool, data: bytes) -> None:
        self.number = number
        self.is_outgoing = is_outgoing
        self.data = data


class PacketQueue:
    """One queue of this network namespace. Raises OSError when the kernel has no NFQUEUE, or NET_ADMIN is missing."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self._socket.bind((0, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BUFFER_BYTES)  # SO_RCVBUFFORCE
        self._socket.setsockopt(SOL_NETLINK, NO_ENOBUFS, 1)
        self._configure(1, struct.pack(">BBH", 1, 0, socket.AF_INET))  # bind
        self._configure(2, struct.pack(">IB", COPIED_BYTES, COPY_PACKET))
        self._configure(3, struct.pack(">I", MOST_HELD))
        # Without the GSO flag each packet is one packet on the wire, with a complete checksum.
        self._send(CONFIG, _attribute(4, struct.pack(">I", FAIL_OPEN)) + _attribute(5, struct.pack(">I", FAIL_OPEN)), ACKNOWLEDGE)
        self._must_be_accepted()
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def packets(self) -> list[Packet]:
        """The packets since the last call. A limit on each call keeps the delay of other packets short."""
        found = []
        for _ in range(READS_AT_ONCE):
            try:
                message = self._socket.recv(65536)
            except OSError:
                break
            if struct.unpack_from("=H", message, 4)[0] == PACKET:
                found.append(_packet(message))
        return found

    def accept(self, packet: Packet, replaced_by: bytes | None = None) -> None:
        """Let the packet pass, as it is or with other bytes in its place."""
        self._decide(packet, ACCEPT, b"" if replaced_by is None else _attribute(10, replaced_by))

    def drop(self, packet: Packet) -> None:
        self._decide(packet, DROP)

    def _decide(self, packet: Packet, verdict: int, more: bytes = b"") -> None:
        self._send(VERDICT, _attribute(2, struct.pack(">II", verdict, packet.number)) + more)

    def _configure(self, attribute: int, value: bytes) -> None:
        self._send(CONFIG, _attribute(attribute, value), ACKNOWLEDGE)
        self._must_be_accepted()

    def _must_be_accepted(self) -> None:
        error = -struct.unpack_from("=i", self._socket.recv(65536), 16)[0]
        if error:
            raise OSError(error, os.strerror(error))

    def _send(self, kind: int, attributes: bytes, flags: int = 0) -> None:
        body = struct.pack("=BBH", 0, 0, socket.htons(self._number)) + attributes
        self._socket.send(struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, 0, 0) + body)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _packet(message: bytes) -> Packet:
    """Attributes begin after the netlink header (16 bytes) and the netfilter header (4)."""
    number, hook, data, at = 0, 0, b"", 20
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        if kind & 0x7FFF == 1:
            number, _, hook = struct.unpack_from(">IHB", message, at + 4)
        elif kind & 0x7FFF == 10:
            data = message[at + 4 : at + length]
        at += max(length + 3 & ~3, 4)
    return Packet(number, hook == OUTGOING_HOOK, data)
