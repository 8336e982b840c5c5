"""Hand-made notes of metrics: what a node's page showed, in a few words."""

from __future__ import annotations

from hivecheck.history import Event

Page = dict[str, list[tuple[str, dict[str, str], float]]]


def noted(page: Page, *, at: float = 0.0) -> Event:
    """The metrics of all nodes, as they were noted."""
    return Event(at, "state", "metrics", {"metrics": page})


def series(name: str, value: float, **labels: str) -> tuple[str, dict[str, str], float]:
    return name, labels, value
