"""A rule changes the packets that it matches, no others, and counts them."""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Sequence
from typing import Any

import pytest

from hivecheck.netagent.rule import Rule
from hivecheck.netagent.treatment import ACK, DROP, PASS, RESET, RST, SYN, Segment, Treatment, reset_in_place_of

NODE, PEER, OTHER = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def packet(source: str, target: str, *, flags: int = ACK, carried: int = 0, port: int = 40000, sequence: int = 7) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", port, 8000, sequence, 9, 5 << 4, flags, 1000, 0, 0)
    ip = struct.pack(">BBHHHBBH", 4 << 4 | 5, 0, 40 + carried, 1, 0, 64, 6, 0) + socket.inet_aton(source) + socket.inet_aton(target)
    return ip + tcp + b"x" * carried


def treatment(now: float = 0.0, duration_seconds: float = 60.0, **change: Any) -> Treatment:
    return Treatment(Rule((PEER,), duration_seconds, seed="1", **change).fields(), now)


def fates(rule: Treatment, packets: Sequence[bytes], *, is_outgoing: bool, now: float = 0.0) -> list[tuple[str, float]]:
    return [rule.decide(Segment(each), is_outgoing, now) for each in packets]


@pytest.mark.parametrize(("direction", "out", "into"), [("both", True, True), ("out", True, False), ("in", False, True)])
def test_match(direction: str, out: bool, into: bool) -> None:
    """A rule matches its peers and its direction only."""
    rule = treatment(direction=direction)
    assert rule.is_about(Segment(packet(NODE, PEER)), is_outgoing=True) is out
    assert rule.is_about(Segment(packet(PEER, NODE)), is_outgoing=False) is into
    assert not rule.is_about(Segment(packet(NODE, OTHER)), is_outgoing=True)
    assert not rule.is_about(Segment(packet(OTHER, NODE)), is_outgoing=False)


def test_loss() -> None:
    """Loss drops its share of the packets and counts them."""
    rule, count = treatment(loss=0.3), 2000
    dropped = sum(fate == DROP for fate, _ in fates(rule, [packet(PEER, NODE)] * count, is_outgoing=False))
    assert abs(dropped - 0.3 * count) < 5 * math.sqrt(count * 0.3 * 0.7)
    assert (rule.counters["matched"], rule.counters["dropped"]) == (count, dropped)


def test_seed() -> None:
    """The same seed drops the same packets."""
    packets = [packet(PEER, NODE)] * 50
    assert fates(treatment(loss=0.5), packets, is_outgoing=False) == fates(treatment(loss=0.5), packets, is_outgoing=False)


def test_delay_and_jitter() -> None:
    """A delay holds each packet, and jitter keeps their order."""
    rule = treatment(delay_seconds=0.25, jitter_seconds=0.05)
    due = [at for _, at in fates(rule, [packet(NODE, PEER)] * 50, is_outgoing=True, now=1.0)]
    assert due == sorted(due)
    assert min(due) >= 1.2
    assert max(due) <= 1.3
    assert rule.counters["delayed"] == 50


def test_bandwidth() -> None:
    """A bandwidth limit spaces packets by length, each direction by itself."""
    rule = treatment(bytes_per_second=1000.0)
    sent = fates(rule, [packet(NODE, PEER, carried=60)] * 3, is_outgoing=True)
    assert [at for _, at in sent] == pytest.approx([0.1, 0.2, 0.3])
    assert fates(rule, [packet(PEER, NODE, carried=60)], is_outgoing=False)[0][1] == pytest.approx(0.1)


def test_syn_loss() -> None:
    """SYN loss drops the first SYN of each connection only."""
    rule = treatment(dropped_syns=1)
    packets = [packet(NODE, PEER, flags=SYN), packet(NODE, PEER, flags=SYN), packet(NODE, PEER), packet(NODE, PEER, flags=SYN, port=40001)]
    assert [fate for fate, _ in fates(rule, packets, is_outgoing=True)] == [DROP, PASS, PASS, DROP]


def test_reset_after_bytes() -> None:
    """A reset comes after the given bytes of a connection, and never in its handshake."""
    rule = treatment(reset_after_bytes=100)
    packets = [packet(PEER, NODE, flags=SYN | ACK), packet(PEER, NODE, carried=60), packet(PEER, NODE, carried=60, port=40001)]
    packets += [packet(PEER, NODE, carried=60), packet(PEER, NODE, flags=RST)]
    assert [fate for fate, _ in fates(rule, packets, is_outgoing=False)] == [PASS, PASS, PASS, RESET, PASS]
    assert rule.counters["reset"] == 1


def test_reset_packet() -> None:
    """A reset has the sequence number of the packet that it replaces, and valid checksums."""
    made = reset_in_place_of(packet(PEER, NODE, carried=60, sequence=4711))
    segment = Segment(made)
    assert (segment.source, segment.target, segment.carried, len(made)) == (PEER, NODE, 0, 40)
    assert segment.flags == RST | ACK
    assert struct.unpack_from(">I", made, 24)[0] == 4711
    assert folded(made[:20]) == folded(made[12:20] + struct.pack(">BBH", 0, 6, 20) + made[20:]) == 0xFFFF


def folded(data: bytes) -> int:
    """RFC 1071: over data with its right checksum in place, all ones."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(total)


def test_retransmissions() -> None:
    """A retransmitted segment is counted, whatever the rule does."""
    rule = treatment()
    last = 2**32 - 30
    packets = [packet(PEER, NODE, carried=60, sequence=last), packet(PEER, NODE, carried=60, sequence=30)]
    packets += [packet(PEER, NODE, carried=60, sequence=last), packet(PEER, NODE, carried=60, sequence=30), packet(PEER, NODE, sequence=30)]
    packets += [packet(PEER, NODE, carried=60, sequence=30, port=40001), packet(PEER, NODE, flags=SYN), packet(PEER, NODE, flags=SYN)]
    fates(rule, packets, is_outgoing=False)
    assert rule.counters["repeated"] == 2


def test_connection_attempts() -> None:
    """The time of each connection attempt is kept once, without retransmissions."""
    rule = treatment(now=10.0, loss=1.0)
    for at, port in ((11.0, 40000), (12.0, 40000), (14.5, 40001)):
        fates(rule, [packet(PEER, NODE, flags=SYN, port=port)], is_outgoing=False, now=at)
    fates(rule, [packet(NODE, PEER, flags=SYN, port=40002)], is_outgoing=True, now=15.0)
    assert rule.attempts == [1.0, 4.5]


def test_udp() -> None:
    """A packet that is not TCP can be lost, and is never reset."""
    other = bytearray(packet(PEER, NODE))
    other[9] = 17
    assert treatment(loss=1.0).decide(Segment(bytes(other)), False, 0.0)[0] == DROP
    assert treatment(reset_after_bytes=0).decide(Segment(bytes(other)), False, 0.0)[0] == PASS
