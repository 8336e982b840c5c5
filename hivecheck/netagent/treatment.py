"""The decision of a rule on each packet that it matches: pass, drop, hold or reset. Pure but for counters. Part of the netagent."""

from __future__ import annotations

import random
import socket
import struct
from typing import Any

SYN, RST, ACK = 0x02, 0x04, 0x10
TCP = 6
PASS, DROP, RESET = "pass", "drop", "reset"
MOST_ATTEMPTS = 256  # remembered times of connections that peers began
HALF_OF_SEQUENCES = 1 << 31  # RFC 9293, 3.4: sequence numbers are compared modulo 2^32


class Segment:
    """The fields of an IPv4 packet: source, target and length, and for TCP its sequence number, flags and payload size."""

    __slots__ = ("carried", "flags", "flow", "is_tcp", "length", "sequence", "source", "target")

    def __init__(self, data: bytes) -> None:
        header = (data[0] & 15) * 4
        self.length: int = struct.unpack_from(">H", data, 2)[0]
        self.source, self.target = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
        self.is_tcp = data[9] == TCP and len(data) >= header + 20
        self.flags = data[header + 13] if self.is_tcp else 0
        self.carried = self.length - header - (data[header + 12] >> 4) * 4 if self.is_tcp else 0
        self.sequence: int = struct.unpack_from(">I", data, header + 4)[0] if self.is_tcp else 0
        self.flow = data[12:20] + data[header : header + 4] if self.is_tcp else b""


class Treatment:
    """One active rule. `fields` are those of `rule.Rule`. Times are those of the netagent's own clock."""

    def __init__(self, fields: dict[str, Any], now: float) -> None:
        self.peers = frozenset(fields["peers"])
        self._began = now
        self.expires = now + float(fields["duration_seconds"])
        self.counters = {"matched": 0, "dropped": 0, "delayed": 0, "reset": 0, "repeated": 0, "payload_bytes": 0}
        self.attempts: list[float] = []
        self._incoming, self._outgoing = fields["direction"] in ("both", "in"), fields["direction"] in ("both", "out")
        self._loss, self._dropped_syns = float(fields["loss"]), int(fields["dropped_syns"])
        self._delay, self._jitter = float(fields["delay_seconds"]), float(fields["jitter_seconds"])
        self._rate = float(fields["bytes_per_second"])
        self._reset_after = fields["reset_after_bytes"]
        self._random = random.Random(fields["seed"])
        self._syns: dict[bytes, int] = {}
        self._reached: dict[bytes, int] = {}
        self._carried: dict[bytes, int] = {}
        self._free_at = {True: 0.0, False: 0.0}
        self._last_at = {True: 0.0, False: 0.0}

    def is_about(self, segment: Segment, is_outgoing: bool) -> bool:
        if is_outgoing:
            return self._outgoing and segment.target in self.peers
        return self._incoming and segment.source in self.peers

    def decide(self, segment: Segment, is_outgoing: bool, now: float) -> tuple[str, float]:
        """The decision for a packet that this rule matches, and the time of its release."""
        self.counters["matched"] += 1
        self.counters["payload_bytes"] += segment.carried
        self._observe(segment, is_outgoing, now)
        if self._is_lost(segment):
            self.counters["dropped"] += 1
            return DROP, now
        if self._is_reset(segment):
            self.counters["reset"] += 1
            return RESET, now
        due = self._due(segment, is_outgoing, now)
        if due > now:
            self.counters["delayed"] += 1
        return PASS, due

    def _observe(self, segment: Segment, is_outgoing: bool, now: float) -> None:
        """Counts retransmissions, and the times at which peers began connections, in seconds since the rule's start."""
        if segment.flags & (SYN | ACK) == SYN:
            self._syns[segment.flow] = self._syns.get(segment.flow, 0) + 1
            if self._syns[segment.flow] == 1 and not is_outgoing and len(self.attempts) < MOST_ATTEMPTS:
                self.attempts.append(round(now - self._began, 4))
        elif segment.carried:
            reached, end = self._reached.get(segment.flow), (segment.sequence + segment.carried) % (2 * HALF_OF_SEQUENCES)
            if reached is not None and 0 < (reached - segment.sequence) % (2 * HALF_OF_SEQUENCES) < HALF_OF_SEQUENCES:
                self.counters["repeated"] += 1
            else:
                self._reached[segment.flow] = end

    def _is_lost(self, segment: Segment) -> bool:
        is_first = segment.flags & (SYN | ACK) == SYN
        if is_first and self._syns[segment.flow] <= self._dropped_syns:
            return True
        return self._loss > 0 and self._random.random() < self._loss

    def _is_reset(self, segment: Segment) -> bool:
        """The handshake passes. After the given number of bytes each packet of the connection is reset."""
        if self._reset_after is None or not segment.is_tcp or segment.flags & (SYN | RST):
            return False
        carried = self._carried[segment.flow] = self._carried.get(segment.flow, 0) + segment.carried
        return bool(carried >= self._reset_after)

    def _due(self, segment: Segment, is_outgoing: bool, now: float) -> float:
        """In the order of arrival: jitter alone must not reorder packets. A bandwidth limit counts each direction by itself."""
        due = now
        if self._rate:
            self._free_at[is_outgoing] = max(self._free_at[is_outgoing], now) + segment.length / self._rate
            due = self._free_at[is_outgoing]
        if self._delay:
            due += max(0.0, self._delay + (self._random.uniform(-self._jitter, self._jitter) if self._jitter else 0.0))
        if due > now:
            due = self._last_at[is_outgoing] = max(due, self._last_at[is_outgoing])
        return due


def reset_in_place_of(data: bytes) -> bytes:
    """A TCP reset with the packet's sequence number, so that its receiver must accept it (RFC 5961)."""
    header = (data[0] & 15) * 4
    ports, sequence, acknowledged = data[header : header + 4], data[header + 4 : header + 8], data[header + 8 : header + 12]
    tcp = ports + sequence + acknowledged + struct.pack(">BBHHH", 5 << 4, RST | ACK, 0, 0, 0)
    pseudo = data[12:20] + struct.pack(">BBH", 0, TCP, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBH", 4 << 4 | 5, data[1], 20 + len(tcp)) + data[4:10] + b"\0\0" + data[12:20]
    return ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:] + tcp


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
