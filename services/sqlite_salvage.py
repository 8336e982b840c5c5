"""Reads the rows that still stand in a damaged SQLite file, page by page, without its header, indexes or tree.

The format is that of https://www.sqlite.org/fileformat2.html: a leaf page of a table holds its rows whole, so each page can be read
by itself. Rows that continue on overflow pages are left out. What is read here may be garbage: the caller checks each row.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Value = None | int | float | str | bytes
Row = tuple[Value, ...]

LEAF_OF_A_TABLE = 0x0D
FILE_HEADER_BYTES = 100
PAGE_HEADER_BYTES = 8
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class _Torn(Exception):
    """What stands here is no row."""


def rows(data: bytes, page_bytes: int) -> Iterator[Row]:
    """Every row of every table in the file's bytes, in the order of pages. A column that is the row's number reads as None."""
    for start in range(0, len(data), page_bytes):
        page = data[start : start + page_bytes]
        head = FILE_HEADER_BYTES if start == 0 else 0
        for place in _cells(page, head):
            try:
                yield _row(page, place, page_bytes)
            except (_Torn, UnicodeDecodeError, struct.error):
                continue


def _cells(page: bytes, head: int) -> Iterator[int]:
    """Where in a leaf page its rows begin; nowhere in any other page."""
    if len(page) < head + PAGE_HEADER_BYTES or page[head] != LEAF_OF_A_TABLE:
        return
    count = int.from_bytes(page[head + 3 : head + 5], "big")
    first = head + PAGE_HEADER_BYTES
    for place in range(first, min(first + 2 * count, len(page) - 1), 2):
        yield int.from_bytes(page[place : place + 2], "big")


def _row(page: bytes, place: int, page_bytes: int) -> Row:
    payload_bytes, place = _varint(page, place)
    _, place = _varint(page, place)  # the row's number
    if payload_bytes > page_bytes - 35 or place + payload_bytes > len(page):
        raise _Torn
    record = page[place : place + payload_bytes]
    header_bytes, at = _varint(record, 0)
    kinds = []
    while at < header_bytes:
        kind, at = _varint(record, at)
        kinds.append(kind)
    values = []
    for kind in kinds:
        size = _size(kind)
        if at + size > len(record):
            raise _Torn
        values.append(_value(kind, record[at : at + size]))
        at += size
    return tuple(values)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for count in range(9):
        if place + count >= len(data):
            raise _Torn
        byte = data[place + count]
        if count == 8:
            return value << 8 | byte, place + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + count + 1
    raise _Torn


def _size(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else _INTEGER_BYTES.get(kind, 0)


def _value(kind: int, data: bytes) -> Value:
    if kind in (10, 11):
        raise _Torn  # kept for SQLite's own use
    if kind >= 12:
        return data.decode() if kind % 2 else data
    if kind == 7:
        return float(struct.unpack(">d", data)[0])
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(data, "big", signed=True) if kind else None
