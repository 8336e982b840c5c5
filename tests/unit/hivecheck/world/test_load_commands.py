"""What load commands record beside their results."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.load.bodies import Bodies
from hivecheck.load.plan import Plan
from hivecheck.load.schedule import Arrivals, Segment
from hivecheck.world.load_commands import requests_of, written

PLAN = Plan(url="http://127.0.0.1:1/v1", model="model-a", seed=7, schedule=Arrivals((Segment(1.0, 5.0, 5.0),)))


def hashes(*numbers: int) -> set[str]:
    return {hashlib.sha256(Bodies(PLAN).body(number)).hexdigest() for number in numbers}


def test_requests_of_processes() -> None:
    """The requests of two processes are those of one, and each process has a warm-up of its own."""
    one, two = list(requests_of(PLAN, 1)), list(requests_of(PLAN, 2))
    assert {request["sha256"] for request in one} == hashes(-1, 0, 1, 2, 3, 4)
    assert {request["sha256"] for request in two} == hashes(-2, -1, 0, 1, 2, 3, 4) and len(two) == 7
    assert sorted(request["at"] for request in two) == pytest.approx([-1.0, -1.0, 0.0, 0.2, 0.4, 0.6, 0.8])
    assert {request["shard"] for request in two if request["at"] >= 0} == {0, 1}


def test_command_without_result(tmp_path: Path) -> None:
    """A command without its file gives no verdict, and its output is the reason."""
    with pytest.raises(InconclusiveError, match="no such model"):
        written(tmp_path / "load.json", "no such model\n")
