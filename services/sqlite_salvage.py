"""Reads the remaining rows of a damaged SQLite file page by page, without its header, indexes or tree.

A leaf page holds complete rows, so each page is readable on its own (https://www.sqlite.org/fileformat2.html).
It omits rows with overflow pages. Rows may be garbage, so the caller validates each one.
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


class _InvalidRow(Exception):
    """The bytes at this place are no row."""


def rows(data: bytes, page_bytes: int) -> Iterator[Row]:
    """Every row of every table in page order. An INTEGER PRIMARY KEY column reads as None."""
    for start in range(0, len(data), page_bytes):
        page = data[start : start + page_bytes]
        head = FILE_HEADER_BYTES if start == 0 else 0
        for place in _cells(page, head):
            try:
                yield _row(page, place, page_bytes)
            except (_InvalidRow, UnicodeDecodeError, struct.error):
                continue


def _cells(page: bytes, head: int) -> Iterator[int]:
    """The offsets of the rows in a leaf page. Other pages give none."""
    if len(page) < head + PAGE_HEADER_BYTES or page[head] != LEAF_OF_A_TABLE:
        return
    count = int.from_bytes(page[head + 3 : head + 5], "big")
    first = head + PAGE_HEADER_BYTES
    for place in range(first, min(first + 2 * count, len(page) - 1), 2):
        yield int.from_bytes(page[place : place + 2], "big")


def _row(page: bytes, place: int, page_bytes: int) -> Row:
    payload_bytes, place = _varint(page, place)
    _, place = _varint(page, place)  # the rowid
    if payload_bytes > page_bytes - 35 or place + payload_bytes > len(page):
        raise _InvalidRow
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
            raise _InvalidRow
        values.append(_value(kind, record[at : at + size]))
        at += size
    return tuple(values)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """The value of a varint of one to nine bytes, and the offset after it."""
    value = 0
    for count in range(9):
        if place + count >= len(data):
            raise _InvalidRow
        byte = data[place + count]
        if count == 8:
            return value << 8 | byte, place + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + count + 1
    raise _InvalidRow


def _size(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else _INTEGER_BYTES.get(kind, 0)


def _value(kind: int, data: bytes) -> Value:
    if kind in (10, 11):
        raise _InvalidRow  # SQLite reserves these types for internal use.
    if kind >= 12:
        return data.decode() if kind % 2 else data
    if kind == 7:
        return float(struct.unpack(">d", data)[0])
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(data, "big", signed=True) if kind else None
