"""The mutants that a command names."""

from pathlib import Path

import pytest

from hivecheck.errors import MutantError
from hivecheck.mutation import mutant, mutation_run


def test_unknown_name() -> None:
    """An unknown mutant is refused with the three nearest names, not with all of them."""
    known = mutant.load_all(Path("mutants"))
    with pytest.raises(MutantError, match="did you mean") as raised:
        mutation_run._chosen(known, ["nosuch"])
    assert str(raised.value).partition("did you mean ")[2].partition("?")[0].count(", ") == 2
