"""Endings: the clients that read slowly."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from hivecheck.world.requests.endings import END_OF_BODY, PIECE_BYTES, SlowReader

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A server's socket and a client's."""
    server, client = socket.socketpair()
    with server, client:
        yield server, client


def test_reader_takes_the_whole_response(pair: Pair) -> None:
    """A reader without a limit is over with the end of the body, however it is split."""
    server, client = pair
    reader = SlowReader(client, leaves_after=None)
    for piece in (b"x" * 100, END_OF_BODY[:2], END_OF_BODY[2:]):
        assert not reader.is_over
        server.sendall(piece)
        reader.read()
    assert reader.is_over and reader.is_as_meant and client.fileno() == -1


def test_reader_leaves(pair: Pair) -> None:
    """A reader with a limit closes its connection once it has so many bytes, with others unread."""
    server, client = pair
    reader = SlowReader(client, leaves_after=PIECE_BYTES)
    server.sendall(b"x" * 2 * PIECE_BYTES)
    while not reader.is_over:
        reader.read()
    assert reader.is_as_meant and client.fileno() == -1


def test_early_end_is_not_as_meant(pair: Pair) -> None:
    """A response that breaks off is not what the reader was meant to get."""
    server, client = pair
    reader = SlowReader(client, leaves_after=None)
    server.sendall(b"x")
    server.close()
    while not reader.is_over:
        reader.read()
    assert not reader.is_as_meant
