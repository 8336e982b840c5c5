"""Every kind of fault is told in a sentence of its own."""

from hivecheck.faults import FAMILIES, FAULTS
from hivecheck.faults.network.packets import CHANGES, PEERS


def test_no_two_kinds_are_told_in_the_same_words() -> None:
    kinds = [
        make().description for words, make in FAULTS.items() if not words.endswith(tuple(PEERS)[1:]) or not words.startswith(tuple(CHANGES))
    ]
    assert len(set(kinds)) == len(kinds)
    assert [told for told in kinds if not told.endswith(".")] == []


def test_every_fault_is_of_one_family() -> None:
    assert sum(map(len, FAMILIES.values())) == len(FAULTS)
