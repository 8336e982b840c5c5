"""HTTP to a worker from inside its node. The worker listens on the node's loopback, and its command line names its ports.

Arguments: COMMAND PID TOKEN SECONDS CHAT [ORDER]. It prints numbers. A status is NO_ANSWER or NO_PORT where there is no HTTP status.
"""

from __future__ import annotations

import socket
import sys
import time

CHAT_PATH = "/v1/chat/completions"
OK, NOT_READY, NO_ANSWER, NO_PORT = 200, 503, 0, -1
LEAST_PATIENCE_SECONDS = 0.1
# The patience is this multiple of the time of one chat. A fixed patience would slow each injection to the pace of the slowest machine.
TIMES_OF_ONE_CHAT = 5
# The health checks run while a chat waits. A worker that answers later health checks has the time for the earlier chat, too.
HEALTH_CHECKS = 4


class Worker:
    """The worker of one process id. `seconds` bounds each request."""

    def __init__(self, pid: str, token: str, seconds: float) -> None:
        with open(f"/proc/{pid}/cmdline") as file:
            self._arguments = file.read().split("\0")
        self._token = token
        self._seconds = seconds

    def begin(self, port_name: str, path: str, body: str = "") -> socket.socket | None:
        """Send a request and return its connection; None when the worker has no such port."""
        ports = [argument.partition("=")[2] for argument in self._arguments if argument.startswith(f"{port_name}=")]
        if not ports:
            return None
        connection = socket.create_connection(("127.0.0.1", int(ports[-1])), self._seconds)
        lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: worker", f"X-Cluster-Token: {self._token}", "Connection: close"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return connection

    def request(self, port_name: str, path: str, body: str = "") -> int:
        """The status of one whole request."""
        try:
            return status_of(self.begin(port_name, path, body), self._seconds)
        except OSError:
            return NO_ANSWER

    def observe(self, patience_seconds: float, chat: str) -> list[float]:
        """Begin a chat, check the health until the patience ends, then read the chat's status: patience, chat, health checks."""
        begun, connection = time.monotonic(), self.begin("port", CHAT_PATH, chat)
        health_checks = []
        for number in range(1, HEALTH_CHECKS + 1):
            health_checks.append(self.request("port", "/health"))
            time.sleep(max(0.0, begun + patience_seconds * number / HEALTH_CHECKS - time.monotonic()))
        return [patience_seconds, status_of(connection, 0.0), *health_checks]


def status_of(connection: socket.socket | None, patience_seconds: float) -> int:
    """The HTTP status that arrives within the patience."""
    if connection is None:
        return NO_PORT
    with connection:
        connection.settimeout(max(0.001, patience_seconds))
        try:
            return int(connection.recv(4096).split()[1])
        except (OSError, IndexError):
            return NO_ANSWER


def inject(worker: Worker, seconds: float, chat: str, order: str) -> list[float]:
    """The status of the order and, if it is 200, a first observation. One program, because each start takes longer than both."""
    begun = time.monotonic()
    chat_status = worker.request("port", CHAT_PATH, chat)
    chat_seconds = time.monotonic() - begun
    order_status = worker.request("admin_port", "/admin/faults", order)
    if order_status != OK:
        return [order_status]
    patience = max(LEAST_PATIENCE_SECONDS, TIMES_OF_ONE_CHAT * chat_seconds) if chat_status == OK else seconds
    return [order_status, *worker.observe(patience, chat)]


def remove(worker: Worker, chat: str) -> list[float]:
    """The status of the reset and, if it is 200, the answers after it."""
    order_status = worker.request("admin_port", "/admin/reset", "{}")
    return [order_status, *answers(worker, chat)] if order_status == OK else [order_status]


def answers(worker: Worker, chat: str) -> list[float]:
    """The statuses of a chat and of a health check."""
    return [worker.request("port", CHAT_PATH, chat), worker.request("port", "/health")]


def main(command: str, pid: str, token: str, seconds: str, chat: str, order: str = "") -> None:
    """Run one command and print its numbers."""
    worker = Worker(pid, token, float(seconds))
    match command:
        case "inject":
            numbers = inject(worker, float(seconds), chat, order)
        case "observe":
            numbers = worker.observe(float(seconds), chat)
        case "remove":
            numbers = remove(worker, chat)
        case "answers":
            numbers = answers(worker, chat)
        case _:
            sys.exit(f"unknown command {command!r}")
    print(*numbers)


if __name__ == "__main__":
    main(*sys.argv[1:])
