"""Prometheus' text format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from hivecheck.clients.exposition import MetricSeries, parse


def test_reads_series() -> None:
    """Names, labels and values are read, and comments are skipped."""
    page = '# HELP a Text.\n# TYPE a gauge\na 1.0\nvllm:b_total{model="m",status="200"} 3e2\nc{} +Inf 1700000000\n\n'
    labels = (("model", "m"), ("status", "200"))
    assert parse(page) == [MetricSeries("a", (), 1.0), MetricSeries("vllm:b_total", labels, 300.0), MetricSeries("c", (), float("inf"))]


@pytest.mark.parametrize("line", ["a", "a{b=c} 1", "1a 2", "a one"])
def test_bad_line_refused(line: str) -> None:
    """A malformed line is refused."""
    with pytest.raises(ValueError, match=r"no series|could not convert"):
        parse(line)


@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_label_round_trip(value: str) -> None:
    """Any label value is read back unchanged."""
    registry = CollectorRegistry()
    Gauge("g", "Text.", ["name"], registry=registry).labels(value).set(2)
    assert parse(generate_latest(registry).decode()) == [MetricSeries("g", (("name", value),), 2.0)]
