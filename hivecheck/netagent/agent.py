"""The netagent's main loop: commands as JSON lines on standard input, one answer line each, and a verdict for every packet.

The netagent exits and removes its chain when its input ends, for any reason. A rule ends after its duration, whatever the client does.
"""

from __future__ import annotations

import heapq
import json
import os
import select
import signal
import socket
import time
from typing import Any

from hivecheck.netagent.chain import Chain
from hivecheck.netagent.packet_queue import MOST_HELD, Packet, PacketQueue
from hivecheck.netagent.treatment import DROP, RESET, Segment, Treatment, reset_in_place_of

QUEUE = 17
STDIN, STDOUT = 0, 1
LONGEST_WAIT_SECONDS = 0.2
SATURATED_CPU_SHARE = 0.9
SATURATED_HELD_SHARE = 0.9
REMEMBERED = 20_000  # lateness samples
MOST_PROBES = 16


class Agent:
    """All active rules in this network namespace, and the packets that they hold."""

    def __init__(self, chain: Chain) -> None:
        self.queue = PacketQueue(QUEUE)
        self.chain = chain
        self.treatments: dict[str, Treatment] = {}
        self.over: dict[str, Treatment] = {}
        self.is_ending = False
        self._held: list[tuple[float, int, Packet]] = []
        self._lateness: list[float] = []
        self._probes: list[socket.socket] = []
        self._most_held = 0
        self._cpu_share = self._highest_share = 0.0
        self._marked = (time.monotonic(), time.process_time())

    def run(self) -> None:
        """Returns when the input ends, or after the command `end` or SIGTERM."""
        unread = b""
        while not self.is_ending:
            now = time.monotonic()
            self._release(now)
            self._expire(now)
            self._watch_itself(now)
            wait = min(max(0.0, self._held[0][0] - now), LONGEST_WAIT_SECONDS) if self._held else LONGEST_WAIT_SECONDS
            ready = select.select([self.queue.fileno(), STDIN], [], [], wait)[0]
            if self.queue.fileno() in ready:
                for packet in self.queue.packets():
                    self._judge(packet)
            if STDIN in ready:
                if not (piece := os.read(STDIN, 65536)):
                    return
                *lines, unread = (unread + piece).split(b"\n")
                for line in lines:
                    answer_with(self._execute(json.loads(line)))

    def close(self) -> list[str]:
        """Release all packets and remove the chain; returns what the kernel still holds of it."""
        self.treatments.clear()
        self.chain.remove()
        self._release(float("inf"))
        return self.chain.left()

    def _execute(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            match command["do"]:
                case "apply":
                    self.treatments[command["name"]] = Treatment(command["rule"], time.monotonic())
                    self._redirect()
                case "remove":
                    self._end(command["name"])
                case "probe":
                    self._probe(command["at"], command["port"])
                case "end":
                    self.is_ending = True
                    return {"left": self.close()}
            return {"rules": list(self.treatments), **self._counters(command.get("name", ""))}
        except (OSError, KeyError, ValueError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _probe(self, hosts: list[str], port: int) -> None:
        """Begin a connection to each host, as the node itself would, so that a rule has packets to change."""
        for host in hosts:
            probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            probe.setblocking(False)
            probe.connect_ex((socket.gethostbyname(host), port))
            self._probes.append(probe)
        for probe in self._probes[:-MOST_PROBES]:
            probe.close()
        del self._probes[:-MOST_PROBES]

    def _counters(self, name: str) -> dict[str, Any]:
        treatment = self.treatments.get(name) or self.over.get(name)
        late = sorted(self._lateness)
        return {
            **({**treatment.counters, "attempts": treatment.attempts} if treatment else {}),
            "lateness_p50_seconds": late[len(late) // 2] if late else 0.0,
            "lateness_p99_seconds": late[int(len(late) * 0.99)] if late else 0.0,
            "cpu_share": max(self._cpu_share, self._highest_share),
            "is_saturated": self._highest_share > SATURATED_CPU_SHARE or self._most_held > SATURATED_HELD_SHARE * MOST_HELD,
            "mechanism": f"NFQUEUE by {self.chain.variant}",
        }

    def _judge(self, packet: Packet) -> None:
        now = time.monotonic()
        segment, due = Segment(packet.data), now
        for treatment in self.treatments.values():
            if treatment.is_about(segment, packet.is_outgoing):
                verdict, later = treatment.decide(segment, packet.is_outgoing, now)
                if verdict == DROP:
                    self.queue.drop(packet)
                    return
                if verdict == RESET:
                    self.queue.accept(packet, reset_in_place_of(packet.data))
                    return
                due = max(due, later)
        if due > now:
            heapq.heappush(self._held, (due, packet.number, packet))
            self._most_held = max(self._most_held, len(self._held))
        else:
            self.queue.accept(packet)

    def _release(self, now: float) -> None:
        while self._held and self._held[0][0] <= now:
            due, _, packet = heapq.heappop(self._held)
            self.queue.accept(packet)
            if now != float("inf"):
                self._lateness.append(now - due)
                del self._lateness[:-REMEMBERED]

    def _expire(self, now: float) -> None:
        for name in [name for name, treatment in self.treatments.items() if treatment.expires <= now]:
            self._end(name)

    def _end(self, name: str) -> None:
        if treatment := self.treatments.pop(name, None):
            self.over[name] = treatment
            self._redirect()
        if not self.treatments:
            self._release(float("inf"))

    def _redirect(self) -> None:
        peers = {peer for treatment in self.treatments.values() for peer in treatment.peers}
        if peers:
            self.chain.direct(peers)
        else:
            self.chain.remove()

    def _watch_itself(self, now: float) -> None:
        at, spent = self._marked
        if now - at >= 1.0:
            self._cpu_share = (time.process_time() - spent) / (now - at)
            self._highest_share = max(self._highest_share, self._cpu_share)
            self._marked = (now, time.process_time())


def answer_with(answer: dict[str, Any]) -> None:
    os.write(STDOUT, json.dumps(answer).encode() + b"\n")


def main(chain: str) -> None:
    """Serve until the end. An error at the start is the first answer line."""
    try:
        agent = Agent(Chain(chain, QUEUE))
    except OSError as error:
        answer_with({"error": f"{type(error).__name__}: {error}"})
        return

    def end(*_: object) -> None:
        agent.is_ending = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    answer_with({"ready": True})
    try:
        agent.run()
    finally:
        agent.close()
