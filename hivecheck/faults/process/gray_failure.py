"""A worker takes every request and answers none, and calls itself well all the while. It takes a worker with an admin listener."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import Victim

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
class Lie:
    """Proven by its contradiction: a chat gets no answer, and its health, asked for later, is 200; healed when a chat is answered again."""

    done: str = "made to lie"
    told: str = "A worker takes every request and answers none, and calls itself well all the while; it takes one with an admin listener."
    needs: frozenset[str] = frozenset({"exec"})
    _patience_seconds: float = PATIENCE_SECONDS
    _seen: dict[str, list[float]] = field(default_factory=dict)  # by name of the struck: what a program has looked at already

    def inject(self, victim: Victim) -> None:
        order, *look = self._say(victim, STRIKE, PATIENCE_SECONDS, self._chat(victim), json.dumps(HANG))
        if order != 200:
            raise InconclusiveError(f"wanted: {victim.name} takes orders at its admin listener\ngot: status {order:g}")
        self._patience_seconds, self._seen[victim.name] = look[0], look

    def effect(self, victim: Victim) -> str | None:
        look = self._seen.pop(victim.name, None) or self._say(victim, LOOKS, self._patience_seconds, self._chat(victim))
        patience_seconds, chat, *healths = look
        is_contradiction = chat == 0 and healths == [200] * HEALTHS
        told = f"a chat has no answer in {patience_seconds:.2f} s, while health of {victim.name} was 200 {HEALTHS} times"
        return told if is_contradiction else None

    def heal(self, victim: Victim) -> None:
        if victim.state() is None:
            return
        order, *chat = self._say(victim, HEAL, ORDER_SECONDS, self._chat(victim))
        if order not in (200, NO_PORT):  # without a port it cannot have been told anything
            raise InconclusiveError(f"wanted: {victim.name} takes back its orders\ngot: status {order:g}")
        if order == 200:
            self._seen[victim.name] = chat

    def residue(self, victim: Victim) -> str | None:
        if victim.state() is None:
            return None  # what took its place was told nothing
        (status,) = self._seen.pop(victim.name, None) or self._say(victim, CHATS, PATIENCE_SECONDS, self._chat(victim))
        return None if status == 200 else f"a chat at {victim.name} gets status {status:g}"

    def _chat(self, victim: Victim) -> str:
        view = victim.stack.hive_of(victim.name).workers()[victim.name]
        body: dict[str, Any] = {"model": view["models"][0], "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
        return json.dumps(body)

    def _say(self, victim: Victim, program: str, seconds: float, *bodies: str) -> list[float]:
        """The numbers that a program prints which runs where the worker does."""
        words = [str(victim.pid), victim.stack.secrets.token, str(seconds), *bodies]
        done = victim.node.run(["python3", "-I", "-S", "-c", HEAD + program, *words])
        if done.exit_code:
            raise ClientError(f"{victim.name} could not be asked: {done.output.strip()}")
        return [float(word) for word in done.output.split()]
