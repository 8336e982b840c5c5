"""A node's packets on Docker: the netagent in a side-car container that shares the node's network namespace. Judges nothing."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Sequence
from typing import Any

from docker.errors import APIError, NotFound

from hivecheck.errors import ClientError
from hivecheck.netagent import bundle
from hivecheck.netagent.client import NetAgent
from hivecheck.netagent.rule import Counters, Rule
from hivecheck.platforms.docker import engine, frames
from hivecheck.wording import plain

CHAIN_LETTERS = 28  # of a chain's name, at most; iptables refuses more
PORT = 8000  # where every node listens
ANSWER_SECONDS = 15.0
SIDECAR = {
    "cap_drop": ["ALL"],
    "cap_add": ["NET_ADMIN"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/run": "size=1m"},  # where iptables-legacy wants to lock
    "pids_limit": 32,
    "mem_limit": 128 * 1024 * 1024,
    "auto_remove": True,
    "log_config": {"Type": "none"},
}


class Attachment:
    """The side-car's standard input and output through the engine. The daemon ends the input when this connection ends, however it does."""

    def __init__(self, attached: Any, what: str) -> None:
        self._response = attached
        self._socket: socket.socket = attached._sock
        self._socket.settimeout(ANSWER_SECONDS)
        self._what = what
        self._frames, self._lines = b"", b""

    def send(self, line: bytes) -> None:
        try:
            self._socket.sendall(line)
        except OSError as error:
            raise ClientError(f"{self._what} has exited ({error})") from None

    def receive(self) -> bytes:
        """The next line; what else came with it waits for the next call."""
        while b"\n" not in self._lines:
            try:
                piece = self._socket.recv(65536)
            except OSError as error:
                raise ClientError(f"{self._what} does not answer ({error}); its output is {plain(self._lines[-500:])}") from None
            if not piece:
                raise ClientError(f"{self._what} has exited; its output is {plain(self._lines[-500:])}")
            lines, self._frames = frames.unpack(self._frames + piece)
            self._lines += lines
        line, _, self._lines = self._lines.partition(b"\n")
        return line

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._response.close()


class DockerPackets:
    """Power `packets` of one container. The side-car starts with the first rule and ends with the last one.

    A node that starts again has a new namespace, without our rules: the next rule brings a new side-car into it.
    """

    def __init__(self, api: Any, container: str, name: str) -> None:
        self._api = api
        self._container = container
        self._name = name
        self._agent: NetAgent | None = None
        self._incarnation = self._sidecar = ""
        self._is_clean = True
        self._rules: set[str] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def address(self) -> str:
        networks = self._inspected()["NetworkSettings"]["Networks"]
        addresses = [str(network["IPAddress"]) for network in networks.values() if network["IPAddress"]]
        if not addresses:
            raise ClientError(f"{self._name} has no address on the stack's network")
        return addresses[0]

    def apply(self, rule: Rule) -> str:
        with self._lock:
            self._forget_former()
            name = f"{self._name}-{next(self._numbers)}"
            self._rules.add(name)  # before it holds: what fails half-way can be removed
            try:
                self._attached().apply(name, rule)
            except BaseException:
                with contextlib.suppress(ClientError):
                    self.remove(name)
                raise
            return name

    def counters(self, name: str, connect_to: Sequence[str] = ()) -> Counters:
        with self._lock:
            self._forget_former()
            if self._agent is None:
                raise ClientError(f"{self._name} has no netagent (any more): it was started again, or its rules are over")
            return self._agent.probe(name, connect_to, PORT) if connect_to else self._agent.counters(name)

    def remove(self, name: str) -> Counters | None:
        with self._lock:
            self._rules.discard(name)
            self._forget_former()
            if self._agent is None or self._is_gone():
                self._agent = None
                self._clean_up()
                return None
            try:
                return self._agent.remove(name)
            finally:
                if not self._rules:
                    self._end()

    def left(self) -> str | None:
        with self._lock:
            self._forget_former()
            if self._agent is not None and self._rules:
                return None  # rules of other chains, each with a name of its own
            return f"the netagent of {self._name} still runs" if self._sidecar and not self._is_gone() else None

    def _attached(self) -> NetAgent:
        if self._agent is not None and self._is_gone():
            self._agent = None
        if self._agent is None:
            self._agent = self._started()
        return self._agent

    def _started(self) -> NetAgent:
        node = self._inspected()
        labels = dict(node["Config"]["Labels"])
        self._incarnation, self._is_clean = node["State"]["StartedAt"], False
        what = f"netagent of {self._name}"
        try:
            self._sidecar = self._api.create_container(
                node["Config"]["Image"],
                bundle.command(f"hivecheck-{labels.get(engine.RUN, '')}"[:CHAIN_LETTERS]),
                entrypoint=[],
                user="0",
                stdin_open=True,
                labels=labels | {engine.NODE: what},
                host_config=self._api.create_host_config(network_mode=f"container:{self._container}", **SIDECAR),
            )["Id"]
            attached = self._api.attach_socket(self._sidecar, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            self._api.start(self._sidecar)
        except APIError as error:
            raise ClientError(f"the {what} could not be started ({error.explanation or error})") from None
        return NetAgent(Attachment(attached, f"the {what}"))

    def _end(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            agent.end()
            self._is_clean = True

    def _clean_up(self) -> None:
        """After an agent that was killed: its chain, which lets packets pass, is still there, and its successor takes it away."""
        if not self._is_clean and self._inspected()["State"]["Running"]:
            self._agent = self._started()
            self._end()

    def _forget_former(self) -> None:
        """The side-car of a restarted node is in a namespace that is no longer used."""
        if self._is_clean or self._inspected()["State"]["StartedAt"] == self._incarnation:
            return
        if self._agent is not None:
            self._agent.abandon()
        self._agent, self._is_clean = None, True
        self._rules.clear()

    def _is_gone(self) -> bool:
        try:
            return not self._api.inspect_container(self._sidecar)["State"]["Running"]
        except NotFound:
            return True

    def _inspected(self) -> dict[str, Any]:
        try:
            return dict(self._api.inspect_container(self._container))
        except APIError as error:
            raise ClientError(f"{self._name} has exited ({error.explanation})") from None
