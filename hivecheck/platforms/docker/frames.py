"""The frames in which the engine sends a container's output. Pure: bytes in, bytes out."""

from __future__ import annotations

import struct

# The engine's API, "attach to a container": which stream (1 output, 2 error), three unused bytes, the length of what follows.
HEADER = struct.Struct(">BxxxL")


def unpack(data: bytes) -> tuple[bytes, bytes]:
    """The content of all whole frames, and the rest, which is the start of an incomplete frame or empty."""
    pieces = []
    while len(data) >= HEADER.size and len(data) - HEADER.size >= (length := HEADER.unpack_from(data)[1]):
        pieces.append(data[HEADER.size : HEADER.size + length])
        data = data[HEADER.size + length :]
    return b"".join(pieces), data
