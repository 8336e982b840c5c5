"""Free ports without a race."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hivecheck.platforms.ports import LOOPBACK, PortReservation

LISTEN = """
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
print("listening", flush=True)
server.accept()[0].sendall(b"hello")
"""


@pytest.fixture
def held() -> Iterator[PortReservation]:
    reservation = PortReservation()
    yield reservation
    reservation.release()


def test_child_listens(held: PortReservation) -> None:
    """A child can listen on the held port."""
    with subprocess.Popen([sys.executable, "-c", LISTEN, str(held.port)], stdout=subprocess.PIPE) as child:
        assert child.stdout and child.stdout.readline() == b"listening\n"
        with socket.create_connection((LOOPBACK, held.port), 5) as connection:
            assert connection.recv(5) == b"hello"


def test_connection_refused_before_listen(held: PortReservation) -> None:
    """A connection is refused while no process listens."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, held.port), 5)


def test_held_port_not_assigned(held: PortReservation) -> None:
    """The kernel assigns a held port to no other program."""
    others = [PortReservation() for _ in range(200)]
    ports = [other.port for other in others]
    for other in others:
        other.release()
    assert len({held.port, *ports}) == 201


def test_held_port_not_taken(held: PortReservation) -> None:
    """A program without SO_REUSEADDR cannot take a held port."""
    with socket.socket() as greedy, pytest.raises(OSError, match="in use"):
        greedy.bind((LOOPBACK, held.port))


def test_released_port(held: PortReservation) -> None:
    """A released port can be taken."""
    held.release()
    with socket.socket() as next_owner:
        next_owner.bind((LOOPBACK, held.port))


def test_url(held: PortReservation) -> None:
    """The URL is the loopback address with the port."""
    assert held.url == f"http://127.0.0.1:{held.port}"
