"""Which Docker daemons can be worked with, and why others cannot: a node's port and folder must be reachable from here. Starts nothing."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

LOCAL_SOCKET = "unix:///var/run/docker.sock"
# Of Engine 20.10, the oldest that this was ever run on.
OLDEST_API = (1, 41)
INSTEAD = "or use --platform process."
PEER_CREDENTIALS = "3i"  # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)
CONNECT_SECONDS = 2.0


@dataclass(frozen=True)
class Daemon:
    """What a daemon says of itself, and what its socket says: `address` as in DOCKER_HOST, `pid` 0 when it is none of our processes."""

    address: str
    version: str
    api_version: str
    system: str
    architecture: str
    host_name: str
    security_options: tuple[str, ...] = ()
    pid: int | None = None
    root_folder: str = ""

    def sentence(self) -> str:
        """All of it for a person."""
        return f"Docker Engine {self.version}, API {self.api_version}, {self.system}/{self.architecture}, not rootless, at {self.address}"


def refusal_of_address(address: str) -> str | None:
    """Why a daemon at that address cannot be worked with, whatever it is; None if it is on this machine."""
    parts = urlsplit(address)
    if parts.scheme in ("unix", "") or _is_of_this_machine(parts.hostname or ""):
        return None
    return (
        f"DOCKER_HOST={address} is a daemon on another machine: the ports it binds to 127.0.0.1 and the folders it mounts are not ours. "
        f"Unset DOCKER_HOST to use the daemon of this machine, {INSTEAD}"
    )


def refusal(daemon: Daemon, own_name: str) -> str | None:
    """Why that daemon cannot be worked with from the machine `own_name`, and what to do; None if it can."""
    where = f"The Docker daemon at {daemon.address}"
    options = {option.partition(",")[0] for option in daemon.security_options}
    if daemon.system != "linux":
        return f"{where} runs {daemon.system} containers; ours are for Linux. Switch it over, {INSTEAD}"
    if _numbers(daemon.api_version) < OLDEST_API:
        oldest = ".".join(map(str, OLDEST_API))
        return f"{where} speaks API {daemon.api_version}; {oldest} (Engine 20.10) is the oldest we speak. Install a newer engine, {INSTEAD}"
    for option, kind in (("name=rootless", "is rootless"), ("name=userns", "maps user ids (userns-remap)")):
        if option in options:
            return (
                f"{where} {kind}: in its containers our user id is another one, which cannot read a node's settings or write its data. "
                f"Use a daemon that does not, {INSTEAD}"
            )
    if daemon.pid == 0:
        return (
            f"{where} belongs to the machine around this container: its 127.0.0.1 and its folders are others. "
            f"Run hivecheck on that machine itself, start a daemon in this container, {INSTEAD}"
        )
    if daemon.host_name != own_name:
        return (
            f"{where} runs on {daemon.host_name!r}, not on this machine ({own_name!r}), perhaps in a virtual machine: "
            f"its 127.0.0.1 and its folders are others. Install an engine on this machine itself, {INSTEAD}"
        )
    return None


def pid_at(address: str) -> int | None:
    """The process that listens at a Unix socket. 0: it is not visible from here. None: another address, or no listener."""
    if not address.startswith("unix://"):
        return None
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.settimeout(CONNECT_SECONDS)
        client.connect(address.removeprefix("unix://"))
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(PEER_CREDENTIALS))
        return int(struct.unpack(PEER_CREDENTIALS, credentials)[0])
    return None


def _is_of_this_machine(name: str) -> bool:
    """Whether a name or address is one of ours: only then can it be bound. Nothing listens, nothing is sent."""
    with contextlib.suppress(OSError):
        for family, kind, protocol, _, place in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as candidate, contextlib.suppress(OSError):
                candidate.bind((place[0], 0))
                return True
    return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
