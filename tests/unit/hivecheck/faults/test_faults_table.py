"""Each row of FAULTS describes itself."""

from __future__ import annotations

import re

import pytest

from hivecheck.bdd.parameter_types import TYPES
from hivecheck.faults import FAMILIES, FAULTS
from hivecheck.faults.network.packets import CHANGES, PEERS
from hivecheck.settings import PROJECT_ROOT


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


def test_doc_examples() -> None:
    """Each example step of docs/faults.md matches the step of steps/faults_steps.py."""
    step = re.compile(rf"When ({TYPES['Fault'][0]}) is injected into ({TYPES['FaultTarget'][0]})")
    page = (PROJECT_ROOT / "docs/faults.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\* Example: `(.*)`$", page, re.MULTILINE)
    assert len(examples) == len(set(examples)) >= len(FAMILIES)
    assert [example for example in examples if not step.fullmatch(example)] == []
