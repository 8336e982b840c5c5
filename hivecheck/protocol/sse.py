"""Server-sent events as bytes: an incremental parser of their framing. What an event means is not its business."""

from __future__ import annotations

EVENT_LIMIT_BYTES = 16 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventParser:
    """`feed` takes pieces of a body and gives the data of the events that they complete.

    A line ends with LF, CRLF or CR. An event ends with an empty line, and one without it does not count.
    Names, ids and comments are skipped. `error` says what is wrong; the parser then gives no more events.
    """

    __slots__ = ("_data", "_data_bytes", "_is_after_cr", "_is_first", "_line", "_line_bytes", "error")

    def __init__(self) -> None:
        self.error = ""
        self._line: list[bytes] = []  # pieces of a line without its end
        self._line_bytes = 0
        self._data: list[bytes] = []  # the data lines of an event without its end
        self._data_bytes = 0
        self._is_after_cr = False  # a LF that follows belongs to the same line end
        self._is_first = True

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that `piece` completes, in order."""
        if piece[:6] == b"data: " and piece[-2:] == b"\n\n":
            data = piece[6:-2]
            # The usual case: one whole event of one line.
            if not (b"\n" in data or b"\r" in data or self._line or self._data or self.error):
                self._is_first = self._is_after_cr = False
                return [data]
        if not piece or self.error:
            return []
        if self._is_after_cr:
            piece = piece.removeprefix(b"\n")
        self._is_after_cr = piece.endswith(b"\r")
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return self._feed_lines(piece)

    def _feed_lines(self, piece: bytes) -> list[bytes]:
        first, *lines = piece.split(b"\n")
        if not lines:
            self._keep(first)
            return []
        if self._line:
            first = b"".join((*self._line, first))
            self._line = []
        *lines, last = first, *lines
        if self._is_first:
            self._is_first = False
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
                self._data_bytes += len(line) + 1
            elif not line and self._data:
                events.append(b"\n".join(self._data) if len(self._data) > 1 else self._data[0])
                self._data = []
                self._data_bytes = 0
            elif line == b"data":
                self._data.append(b"")
                self._data_bytes += len(line) + 1
        self._line_bytes = 0
        self._keep(last)
        return events

    def _keep(self, line: bytes) -> None:
        if line:
            self._line.append(line)
            self._line_bytes += len(line)
        if self._line_bytes + self._data_bytes > EVENT_LIMIT_BYTES:
            self.error = f"an event exceeds {EVENT_LIMIT_BYTES} bytes"
            self._line, self._data = [], []
