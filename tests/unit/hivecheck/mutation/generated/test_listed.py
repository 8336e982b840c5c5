"""The lists of known survivors."""

from pathlib import Path

import pytest

from hivecheck.errors import MutantError
from hivecheck.mutation.generated import listed, operators
from hivecheck.mutation.mutant import load_all
from hivecheck.settings import PROJECT_ROOT

TEXT = "def f(a, b):\n    return a < b  # a reason\n"
ENTRY = """
[[mutant]]
file = "services/worker/one.py"
function = "f"
operator = "boundaries"
before = "return a < b"
after = "return  a <= b # another reason"
reason = "{reason}"
"""


def lists(folder: Path, name: str, reason: str = "a and b are never equal") -> listed.Lists:
    (folder / name).write_text(ENTRY.format(reason=reason))
    return listed.load(folder)


def test_entry_matches_after_a_move(tmp_path: Path) -> None:
    """An entry holds for its change wherever the line is, whatever its comment and its blanks are."""
    known = lists(tmp_path, "equivalent.toml")
    for text in (TEXT, "\n\n" + TEXT.replace("a < b", "a <  b").replace("# a reason", "# changed")):
        [boundary] = [edit for edit in operators.of_text("services/worker/one.py", text) if edit.operator == "boundaries"]
        assert known.is_equivalent(boundary)
        assert not known.is_outside(boundary)


def test_unknown_entry(tmp_path: Path) -> None:
    """An entry of a line that no longer exists is found."""
    known = lists(tmp_path, "outside.toml")
    assert known.unknown(operators.of_text("services/worker/one.py", TEXT)) == []
    assert known.unknown(operators.of_text("services/worker/one.py", TEXT.replace("a < b", "a < 2"))) == list(known.outside)


def test_reason_is_needed(tmp_path: Path) -> None:
    """An entry without a reason is refused, and so is one with an unknown field."""
    with pytest.raises(MutantError, match="a reason"):
        lists(tmp_path, "outside.toml", reason=" ")
    (tmp_path / "outside.toml").write_text("[[mutant]]\nline = 3\n")
    with pytest.raises(MutantError, match="function, operator, before, after, reason"):
        listed.load(tmp_path)


def test_lists_of_the_project() -> None:
    """Each entry of the project's own lists matches a mutant of the present services, and the lists disturb no planted mutant."""
    unknown = listed.load(PROJECT_ROOT / "mutants").unknown(operators.of_services(PROJECT_ROOT))
    assert unknown == []
    assert load_all(PROJECT_ROOT / "mutants")
