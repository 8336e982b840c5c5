"""Hand-written notes of metrics, as a node's metrics page has them."""

from __future__ import annotations

from hivecheck.history import Event

Page = dict[str, list[tuple[str, dict[str, str], float]]]


def noted(page: Page, *, at: float = 0.0) -> Event:
    """A note of the metrics of all nodes."""
    return Event(at, "state", "metrics", {"metrics": page})


def series(name: str, value: float, **labels: str) -> tuple[str, dict[str, str], float]:
    return name, labels, value
