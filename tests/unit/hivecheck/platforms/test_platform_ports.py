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


def test_a_child_can_listen_on_the_held_port_and_be_reached(held: PortReservation) -> None:
    with subprocess.Popen([sys.executable, "-c", LISTEN, str(held.port)], stdout=subprocess.PIPE) as child:
        assert child.stdout and child.stdout.readline() == b"listening\n"
        with socket.create_connection((LOOPBACK, held.port), 5) as connection:
            assert connection.recv(5) == b"hello"


def test_a_connect_is_refused_while_nobody_listens(held: PortReservation) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, held.port), 5)


def test_the_kernel_gives_a_held_port_to_nobody_else(held: PortReservation) -> None:
    others = [PortReservation() for _ in range(200)]
    ports = [other.port for other in others]
    for other in others:
        other.release()
    assert len({held.port, *ports}) == 201


def test_a_program_that_does_not_ask_to_share_cannot_take_a_held_port(held: PortReservation) -> None:
    with socket.socket() as greedy, pytest.raises(OSError, match="in use"):
        greedy.bind((LOOPBACK, held.port))


def test_a_released_port_can_be_taken(held: PortReservation) -> None:
    held.release()
    with socket.socket() as next_owner:
        next_owner.bind((LOOPBACK, held.port))


def test_the_url_is_the_port_s_on_the_loopback_address(held: PortReservation) -> None:
    assert held.url == f"http://127.0.0.1:{held.port}"
