"""The metrics of the services as they were noted before and after: series with their labels. Shared by checks, no check itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hivecheck.history import History
from hivecheck.verdict import Verdict, inconclusive
from hivecheck.wording import counted, figures


@dataclass(frozen=True)
class MetricReading:
    """One series of one node. A series that is new had the value 0 before."""

    node: str
    name: str
    labels: Mapping[str, str]
    before: float
    after: float
    is_new: bool

    @property
    def growth(self) -> float:
        return self.after - self.before

    def sentence(self) -> str:
        """The series and its growth, for messages."""
        return f"{self.name} of {self.node} ({figures(self.labels)}) from {self.before:g} to {self.after:g}"


def noted(history: History) -> list[Mapping[str, Any]]:
    """Every note of all nodes' metrics, in order: node -> list of (name, labels, value)."""
    return [event.data["metrics"] for event in history.events("state") if "metrics" in event.data]


def too_few_notes(history: History) -> Verdict | None:
    """An inconclusive verdict unless the metrics were noted twice."""
    notes = len(noted(history))
    if notes >= 2:
        return None
    return inconclusive(expected="metrics noted before and after the requests", actual=counted(notes, "note"))


def grown(history: History) -> list[MetricReading]:
    """Every series of the last note, compared with the first."""
    first, last = noted(history)[0], noted(history)[-1]
    # A labelled series appears with its first sample. One that is missing from the first note counts from 0.
    before = {(node, name, _key(labels)): value for node, series in first.items() for name, labels, value in series}
    return [
        MetricReading(node, name, labels, before.get((node, name, _key(labels)), 0.0), value, (node, name, _key(labels)) not in before)
        for node, series in last.items()
        for name, labels, value in series
    ]


def growth_of(series: Iterable[MetricReading], name: str, node: str | None = None, **labels: str) -> float:
    """How much all series of that name with those labels grew together."""
    expected = labels.items()
    return sum(one.growth for one in series if one.name == name and node in (None, one.node) and expected <= one.labels.items())


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
