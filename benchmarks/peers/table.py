"""The comparison as lines for a console: one row an engine, and its notes in the last column."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

# Title, name of the figure, digits after the point.
COLUMNS = (
    ("streams/CPU-s", "streams_per_cpu_second", 0),
    ("to ours", "ratio_to_ours", 2),
    ("TTFT err p50 ms", "ttft_error_p50_ms", 1),
    ("p99 ms", "ttft_error_p99_ms", 1),
    ("at once", "ttft_at_once", 0),
    ("unary/CPU-s", "unary_per_cpu_second", 0),
    ("MiB", "memory_mib", 0),
    ("stop p95 ms", "stop_p95_ms", 0),
    ("cut ok %", "cut_success_percent", 0),
)
LEAST_NOTE_WIDTH = 40


def lines(rows: Mapping[str, Mapping[str, Any]], width: int) -> list[str]:
    """Aligned rows under a head. A note that is wider than the rest of `width` goes on below its row."""
    cells = [["engine", "version", *(title for title, _, _ in COLUMNS)]]
    cells += [[name, row["version"], *(_cell(row["figures"], key, digits) for _, key, digits in COLUMNS)] for name, row in rows.items()]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    notes = ["notes", *("; ".join([*row["limits"], *row["problems"]]) for row in rows.values())]
    indent = sum(widths) + 2 * len(widths)
    room = max(LEAST_NOTE_WIDTH, width - indent)
    made: list[str] = []
    for row_cells, note in zip(cells, notes, strict=True):
        first, *more = textwrap.wrap(note, room) or [""]
        made.append((_aligned(row_cells, widths) + first).rstrip())
        made += [" " * indent + line for line in more]
    return made


def _cell(figures: Mapping[str, float], key: str, digits: int) -> str:
    return f"{figures[key]:.{digits}f}" if key in figures else "-"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, figures to the right."""
    words = [cell.ljust(width) if at < 2 else cell.rjust(width) for at, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return "".join(f"{word}  " for word in words)
