"""A worker takes every request and answers none, and calls itself well all the while. It takes a worker with an admin listener."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import FaultTarget

HANG = {"rates": [{"fault": "hang", "share": 1.0}], "health": "well"}
NO_PORT = -1
PATIENCE_SECONDS = 0.5  # an idle worker answers a chat within milliseconds
ORDER_SECONDS = 2.0
LEAST_PATIENCE_SECONDS, USUAL_TIMES = 0.1, 5  # once it was seen how long one takes: so many times that, no less than the former
HEALTHS = 4  # asked while a chat waits: whoever is asked later and answers sooner does have the time to answer
# HTTP where the worker runs: nobody else reaches it, and its command line names its ports. A status is 0 when no answer came in time, -1
# when it has no such port. Nothing but what starts fast is imported.
HEAD = """
import socket, sys, time
pid, token, seconds, *bodies = sys.argv[1:]
words = open(f"/proc/{pid}/cmdline").read().split("\\0")
def begun(name, path, body=""):
    ports = [word.partition("=")[2] for word in words if word.startswith(name + "=")]
    if not ports:
        return None
    asked = socket.create_connection(("127.0.0.1", int(ports[-1])), float(seconds))
    lines = f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: worker", f"X-Cluster-Token: {token}", "Connection: close"
    lines += "Content-Type: application/json", f"Content-Length: {len(body.encode())}"
    asked.sendall(("\\r\\n".join(lines) + "\\r\\n\\r\\n" + body).encode())
    return asked
def status(asked, patience=float(seconds)):
    if asked is None:
        return -1
    asked.settimeout(max(0.001, patience))
    try:
        return int(asked.recv(4096).split()[1])
    except (OSError, IndexError):
        return 0
def ask(*request):
    try:
        return status(begun(*request))
    except OSError:
        return 0
CHAT = "/v1/chat/completions"
"""
# A chat is asked first, then for its health again and again until its patience is over, then for the chat's answer.
LOOK = f"""
def look(patience):
    start, chat = time.monotonic(), begun("port", CHAT, bodies[0])
    healths = []
    for number in range(1, {HEALTHS} + 1):
        healths.append(ask("port", "/health"))
        time.sleep(max(0, start + patience * number / {HEALTHS} - time.monotonic()))
    print(patience, status(chat, 0), *healths)
"""
LOOKS = LOOK + "look(float(seconds))"
# How long a chat takes before the strike, what becomes of the order, and a first look: one program, for to start one takes longest.
STRIKE = f"""{LOOK}
start = time.monotonic()
chat, took = ask("port", CHAT, bodies[0]), time.monotonic() - start
order = ask("admin_port", "/admin/faults", bodies[1])
print(order)
if order == 200:
    look(max({LEAST_PATIENCE_SECONDS}, {USUAL_TIMES} * took) if chat == 200 else float(seconds))
"""
HEAL = """
order = ask("admin_port", "/admin/reset", "{}")
print(order, ask("port", CHAT, bodies[0]) if order == 200 else 0)
"""
CHATS = """print(ask("port", CHAT, bodies[0]))"""


@dataclass
class GrayFailure:
    """Proven by its contradiction: a chat gets no answer, and its health, asked for later, is 200; healed when a chat is answered again."""

    act: str = "made to lie"
    description: str = (
        "A worker takes every request and answers none, and calls itself well all the while; it takes one with an admin listener."
    )
    requires: frozenset[str] = frozenset({"exec"})
    _patience_seconds: float = PATIENCE_SECONDS
    _seen: dict[str, list[float]] = field(default_factory=dict)  # by name of the struck: what a program has looked at already

    def inject(self, fault_target: FaultTarget) -> None:
        order, *look = self._say(fault_target, STRIKE, PATIENCE_SECONDS, self._chat(fault_target), json.dumps(HANG))
        if order != 200:
            raise InconclusiveError(f"expected: {fault_target.name} takes orders at its admin listener\nactual: status {order:g}")
        self._patience_seconds, self._seen[fault_target.name] = look[0], look

    def effect(self, fault_target: FaultTarget) -> str | None:
        look = self._seen.pop(fault_target.name, None) or self._say(fault_target, LOOKS, self._patience_seconds, self._chat(fault_target))
        patience_seconds, chat, *healths = look
        is_contradiction = chat == 0 and healths == [200] * HEALTHS
        told = f"a chat has no answer in {patience_seconds:.2f} s, while health of {fault_target.name} was 200 {HEALTHS} times"
        return told if is_contradiction else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.state() is None:
            return
        order, *chat = self._say(fault_target, HEAL, ORDER_SECONDS, self._chat(fault_target))
        if order not in (200, NO_PORT):  # without a port it cannot have been told anything
            raise InconclusiveError(f"expected: {fault_target.name} takes back its orders\nactual: status {order:g}")
        if order == 200:
            self._seen[fault_target.name] = chat

    def remaining(self, fault_target: FaultTarget) -> str | None:
        if fault_target.state() is None:
            return None  # what took its place was told nothing
        (status,) = self._seen.pop(fault_target.name, None) or self._say(fault_target, CHATS, PATIENCE_SECONDS, self._chat(fault_target))
        return None if status == 200 else f"a chat at {fault_target.name} gets status {status:g}"

    def _chat(self, fault_target: FaultTarget) -> str:
        view = fault_target.stack.hive_of(fault_target.name).workers()[fault_target.name]
        body: dict[str, Any] = {"model": view["models"][0], "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
        return json.dumps(body)

    def _say(self, fault_target: FaultTarget, program: str, seconds: float, *bodies: str) -> list[float]:
        """The numbers that a program prints which runs where the worker does."""
        words = [str(fault_target.pid), fault_target.stack.secrets.token, str(seconds), *bodies]
        done = fault_target.node.run(["python3", "-I", "-S", "-c", HEAD + program, *words])
        if done.exit_code:
            raise ClientError(f"{fault_target.name} could not be asked: {done.output.strip()}")
        return [float(word) for word in done.output.split()]
