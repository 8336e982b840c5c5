"""Free ports without a race: a socket is bound, never listens, and is held for as long as the port may be needed.

On Linux two SO_REUSEADDR sockets may share an address while neither listens. So the node binds and listens on the held port.
A connection while it is down is refused, and the kernel gives that port to no other program.
"""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class PortReservation:
    """One TCP port on 127.0.0.1 that stays ours until `release`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def release(self) -> None:
        self._socket.close()
