"""The frames in which the engine sends a container's output. Pure: bytes in, bytes out."""

from __future__ import annotations

import struct

# The engine's API, "attach to a container": which stream (1 output, 2 error), three unused bytes, the length of what follows.
HEADER = struct.Struct(">BxxxL")


OUTPUT = 1


def unpack(data: bytes) -> tuple[bytes, bytes]:
    """The content of all whole frames, and the rest, which is the start of an incomplete frame or empty."""
    pieces, rest = split(data)
    return b"".join(content for _, content in pieces), rest


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The stream and the content of each whole frame, and the rest."""
    pieces, place = [], 0
    while len(data) - place >= HEADER.size:
        stream, length = HEADER.unpack_from(data, place)
        if len(data) - place - HEADER.size < length:
            break
        pieces.append((stream, data[place + HEADER.size : place + HEADER.size + length]))
        place += HEADER.size + length
    return pieces, data[place:]
