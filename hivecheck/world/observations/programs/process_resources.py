"""What each of some processes of a node holds, read inside the node: one JSON list on one line. A process that has exited is absent.

Arguments: PID... Tasks and running requests are those that the process itself reports at `/metrics` of a port it listens on.
"""

from __future__ import annotations

import json
import os
import socket
import sys

KIB = 1024
PATIENCE_SECONDS = 2.0
# Of the bundled services, and of vLLM and every other engine that reports under its names.
REPORTED = {"tasks": "service_tasks", "running": "vllm:num_requests_running"}
STATES = {  # include/net/tcp_states.h
    "01": "established",
    "02": "syn_sent",
    "03": "syn_recv",
    "04": "fin_wait1",
    "05": "fin_wait2",
    "07": "close",
    "08": "close_wait",
    "09": "last_ack",
    "0A": "listen",
    "0B": "closing",
}


def main(*pids: str) -> None:
    """Print the resources of every process that still runs."""
    found = []
    for pid in map(int, pids):
        try:
            found.append(resources(pid))
        except (FileNotFoundError, ProcessLookupError):
            continue
    print(json.dumps(found))


def resources(pid: int) -> dict[str, object]:
    """`started` with the pid tells two processes apart. Other figures are counts, memory is in bytes."""
    # The command in brackets may contain spaces.
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    links = [link for entry in os.listdir(f"/proc/{pid}/fd") if (link := target(f"/proc/{pid}/fd/{entry}"))]
    inodes = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    rows = [row for table in ("tcp", "tcp6") for row in rows_of(f"/proc/{pid}/net/{table}") if row[9] in inodes]
    states: dict[str, int] = {}
    for row in rows:
        name = STATES.get(row[3], "other")
        states[name] = states.get(name, 0) + 1
    return {
        "pid": pid,
        "started": int(fields[19]),
        "memory_bytes": memory(pid),
        "descriptors": len(links),
        "threads": int(fields[17]),
        "sockets": states,
    } | reported([row[1] for row in rows if STATES.get(row[3]) == "listen"])


def memory(pid: int) -> int:
    """Resident memory in bytes."""
    # VmRSS of /proc/<pid>/status may be wrong by a quarter of a MiB: since Linux 6.2 it is a sum of counters that lag on each core.
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Rss:"):
            return KIB * int(line.split()[1])
    raise ProcessLookupError(pid)


def reported(listening: list[str]) -> dict[str, int]:
    """What the process reports of `REPORTED`, summed over all labels."""
    sums: dict[str, int] = {}
    for address in listening:
        page = metrics(int(address.rpartition(":")[2], 16), numeric(address.rpartition(":")[0]))
        for name, series in REPORTED.items():
            values = [line.split()[-1] for line in page.splitlines() if line.startswith((series + " ", series + "{"))]
            if values:
                sums[name] = sum(int(float(value)) for value in values)
    return sums


def metrics(port: int, host: str) -> str:
    """The metrics page, or what there is instead."""
    page = b""
    try:
        with socket.create_connection((host, port), PATIENCE_SECONDS) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
            # To the end: afterwards the process has closed the connection as well, and the next reading does not count it.
            while piece := connection.recv(65536):
                page += piece
    except OSError:
        pass
    return page.decode(errors="replace")


def numeric(address: str) -> str:
    """The address of a listening socket as text. `any` address is reached over loopback."""
    family = socket.AF_INET if len(address) == 8 else socket.AF_INET6
    # proc(5): each word of four bytes is in the byte order of the machine.
    words = [int(address[place : place + 8], 16).to_bytes(4, sys.byteorder) for place in range(0, len(address), 8)]
    if not any(map(any, words)):
        return "127.0.0.1" if family == socket.AF_INET else "::1"
    return socket.inet_ntop(family, b"".join(words))


def target(link: str) -> str:
    """What a descriptor leads to. Empty for one that is closed meanwhile."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


def rows_of(table: str) -> list[list[str]]:
    """The rows of a table of sockets. None where the kernel has no such table."""
    try:
        return [line.split() for line in read(table).splitlines()[1:]]
    except FileNotFoundError:
        return []


def read(path: str) -> str:
    """The text of a file."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
