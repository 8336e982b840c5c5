"""Shared parts of the netagent tests: programs that send requests from a node, and the verdicts of the checks on their times."""

from __future__ import annotations

from dataclasses import asdict

from hivecheck.checks.recovery.retransmitted import retransmitted
from hivecheck.checks.recovery.slowed import slowed
from hivecheck.history import Event, History, Operation
from hivecheck.netagent.rule import Counters, Rule
from hivecheck.platforms.platform import Node, PacketControl
from hivecheck.stack.stack import Stack
from hivecheck.verdict import Verdict

DURATION_SECONDS = 120.0
DELAY_SECONDS = 0.05
# Health requests on one connection; for each, its time in seconds or its error. The timeout exceeds any retransmission here.
TALK = """
import http.client, sys, time
connection = http.client.HTTPConnection("hive-1", 8000, timeout=float(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    began = time.monotonic()
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
        print(time.monotonic() - began)
    except OSError as error:
        print(type(error).__name__)
        connection.close()
"""
# More packets than a netagent may hold: each socket sends until its held packets fill its buffer.
FLOOD = """
import socket
address = (socket.gethostbyname("hive-1"), 9)
sent, sockets = 0, [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(500)]
for one in sockets:
    one.setblocking(False)
    try:
        for _ in range(1000):
            one.sendto(b"x", address)
            sent += 1
    except BlockingIOError:
        pass
print(sent)
"""


def of(node: Node) -> PacketControl:
    assert node.engine is not None
    return node.engine.packets


def rule(stack: Stack, **change: object) -> Rule:
    return Rule((of(stack.nodes["hive-1"]).address(),), DURATION_SECONDS, **change)  # type: ignore[arg-type]


def talk(node: Node, seconds: float = 30.0, times: int = 1) -> list[str]:
    """The times or errors of requests to hive-1 on one connection."""
    return node.run(["python3", "-I", "-S", "-c", TALK, str(seconds), str(times)]).output.split()


def is_connecting(node: Node, target: str, seconds: float = 1.0) -> bool:
    program = f"import socket; socket.create_connection(({target!r}, 8000), {seconds})"
    return node.run(["python3", "-c", program]).exit_code == 0


def verdicts(usual: list[str], under_fault: list[str], counted: Counters | None) -> list[Verdict]:
    """The verdicts of the checks for latency and for loss."""
    assert counted is not None
    history = History()
    for model, answers in (("usual", usual), ("injected", under_fault)):
        for number, seconds in enumerate(answers):
            call = Operation(f"{model}{number}", "/health", model, False, 0.0, status=200, ended_at=float(seconds))
            history.record(call)
    stats = {**asdict(counted), "description": counted.sentence()}
    history.record(Event(1.0, "fault", "orchestrator", {"what": "removed", "stats": stats}))
    slow = slowed(history, model="injected", others="usual", at_least_seconds=2 * DELAY_SECONDS * 0.9)
    return [slow, retransmitted(history, node="orchestrator", at_least=3)]
