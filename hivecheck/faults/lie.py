"""A worker takes every request and answers none, and calls itself well all the while. It takes a worker with an admin listener."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hivecheck.errors import InconclusiveError
from hivecheck.faults.fault import Victim

HANG = {"rates": [{"fault": "hang", "share": 1.0}], "health": "well"}
NO_PORT = -1
PATIENCE_SECONDS = 0.5  # an idle worker answers a chat within milliseconds
# One HTTP call where the worker runs: nobody else reaches it, and its command line names its ports. Prints the status; 0 when no answer
# came in time, -1 when it has no such port.
CALL = """
import sys, urllib.request, urllib.error
pid, port, path, token, body, seconds = sys.argv[1:]
words = open(f"/proc/{pid}/cmdline").read().split("\\0")
ports = [word.partition("=")[2] for word in words if word.startswith(port + "=")]
if not ports:
    sys.exit(print(-1))
url = f"http://127.0.0.1:{ports[-1]}{path}"
headers = {"X-Cluster-Token": token, "Content-Type": "application/json"}
request = urllib.request.Request(url, body.encode() or None, headers)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    print(opener.open(request, timeout=float(seconds)).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print(0)
"""


@dataclass
class Lie:
    """Proven by its contradiction: health is 200 and a chat gets no answer; healed when a chat is answered again."""

    done: str = "made to lie"
    needs: frozenset[str] = frozenset({"exec"})

    def inject(self, victim: Victim) -> None:
        self._must_take(victim, "/admin/faults", HANG)

    def effect(self, victim: Victim) -> str | None:
        health, chat = self._call(victim, "port", "/health"), self._chat(victim)
        return f"health of {victim.name} is 200, and a chat has no answer" if (health, chat) == (200, 0) else None

    def heal(self, victim: Victim) -> None:
        if victim.state() is not None and self._call(victim, "admin_port", "/health") != NO_PORT:  # it cannot have been told anything
            self._must_take(victim, "/admin/reset", {})

    def residue(self, victim: Victim) -> str | None:
        if victim.state() is None:
            return None  # what took its place was told nothing
        status = self._chat(victim)
        return None if status == 200 else f"a chat at {victim.name} gets status {status}"

    def _must_take(self, victim: Victim, path: str, orders: dict[str, Any]) -> None:
        if (status := self._call(victim, "admin_port", path, orders)) != 200:
            raise InconclusiveError(f"wanted: {victim.name} takes orders at its admin listener\ngot: status {status}")

    def _chat(self, victim: Victim) -> int:
        view = victim.stack.hive_of(victim.name).workers()[victim.name]
        body = {"model": view["models"][0], "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
        return self._call(victim, "port", "/v1/chat/completions", body)

    def _call(self, victim: Victim, port: str, path: str, body: dict[str, Any] | None = None) -> int:
        """The status of an answer; 0 when there was none in time."""
        text, token = "" if body is None else json.dumps(body), victim.stack.secrets.token
        done = victim.node.run(["python3", "-c", CALL, str(victim.pid), port, path, token, text, str(PATIENCE_SECONDS)])
        return int(done.output.strip().rpartition("\n")[2]) if done.exit_code == 0 else 0
