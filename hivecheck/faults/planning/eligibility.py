"""The faults that random plans may contain, and the reason for each of the others. Derived from the faults, which state both."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hivecheck.faults import FAULTS
from hivecheck.faults.fault import Kind

ELIGIBLE: Mapping[str, frozenset[Kind]] = {name: make().eligible_for for name, make in FAULTS.items() if make().eligible_for}
EXCLUDED: Mapping[str, str] = {name: make().excluded_because for name, make in FAULTS.items() if make().excluded_because}


def possible(kinds: Collection[Kind], capabilities: Collection[str]) -> list[str]:
    """The faults that can be injected at random into a target of all these kinds, where it has these capabilities."""
    return [name for name, eligible in ELIGIBLE.items() if eligible & set(kinds) and FAULTS[name]().requires <= set(capabilities)]
