"""Each row of FAULTS describes itself."""

from __future__ import annotations

import re

import pytest

from hivecheck.bdd.parameter_types import TYPES
from hivecheck.faults import FAMILIES, FAULTS
from hivecheck.faults.network.packets import CHANGES, PEERS


def test_descriptions_differ() -> None:
    """Each kind of fault has a sentence of its own."""
    kinds = [
        make().description for name, make in FAULTS.items() if not name.endswith(tuple(PEERS)[1:]) or not name.startswith(tuple(CHANGES))
    ]
    assert len(set(kinds)) == len(kinds)
    assert [description for description in kinds if not description.endswith(".")] == []


def test_families() -> None:
    """Each fault belongs to one family."""
    assert sum(map(len, FAMILIES.values())) == len(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_eligibility_or_reason(name: str) -> None:
    """Each fault states either its random targets or the reason why there are none."""
    fault = FAULTS[name]()
    assert bool(fault.eligible_for) != bool(fault.excluded_because)


@pytest.mark.parametrize("name", FAULTS)
def test_example_target(name: str) -> None:
    """The example target of each fault is a target in Gherkin."""
    pattern = TYPES["FaultTarget"][0]
    assert re.fullmatch(pattern, FAULTS[name]().example_target)
