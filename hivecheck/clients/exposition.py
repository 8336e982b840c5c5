"""Prometheus' text format, read: `name{label="value"} number`, a line a series. Knows nothing of what is measured."""

from __future__ import annotations

import re
from dataclasses import dataclass

# https://prometheus.io/docs/instrumenting/exposition_formats/: a label's value escapes backslash, quote and line feed.
_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:\\.|[^"\\])*)"')
_LABELS = rf"(?:{_LABEL.pattern},?)*"
_LINE = re.compile(rf"(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)(?:\{{(?P<labels>{_LABELS})\}})? (?P<value>\S+)(?: \d+)?")
_ESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass(frozen=True)
class MetricSeries:
    """One series and its value."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


def parse(text: str) -> list[MetricSeries]:
    """Every series of a page. Raises ValueError for a line that is none."""
    return [_series(line) for line in text.split("\n") if line.strip() and not line.startswith("#")]


def _series(line: str) -> MetricSeries:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"no series: {line!r}")
    labels = tuple((name, _plain(value)) for name, value in _LABEL.findall(match["labels"] or ""))
    return MetricSeries(match["name"], labels, float(match["value"]))


def _plain(value: str) -> str:
    return re.sub(r"\\.", lambda part: _ESCAPED.get(part[0], part[0]), value)
