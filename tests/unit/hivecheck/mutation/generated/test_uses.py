"""Where a constant of a module or a class is used."""

import pytest

from hivecheck.mutation.generated import operators, uses

SETTINGS = "services/worker/settings.py"
OTHER = "services/worker/other.py"
TEXTS = {
    SETTINGS: """LIMIT = 5
CODES = {"bad": 400, "late": 504}
TYPES = {401: 1.5}

class Settings:
    grace: float = 2.5

def near():
    return LIMIT > 1

def type_of(status):
    return TYPES[status]
""",
    OTHER: """def far(settings):
    if settings.grace:
        raise Error("late")
""",
}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("LIMIT = 10", [(SETTINGS, 9)]),
        ("TYPES = {402: 1.5}", [(SETTINGS, 12)]),
        ("grace: float = 5.0", [(OTHER, 2)]),
        ('CODES = {"bad": 400, "late": 505}', [(OTHER, 3)]),
        ('CODES = {"bad": 401, "late": 504}', [(SETTINGS, 2)]),
        ("return LIMIT >= 1", [(SETTINGS, 9)]),
    ],
)
def test_places(after: str, expected: list[uses.Place]) -> None:
    """A constant leads to its uses, an entry of a table to the uses of its key, and without uses or inside a function to itself."""
    [edit] = [edit for edit in operators.of_text(SETTINGS, TEXTS[SETTINGS]) if edit.after == after]
    assert uses.places(edit, TEXTS[SETTINGS], uses.index(TEXTS)) == expected


def test_topologies() -> None:
    """A mutant of a line that reads a setting is near to the topologies that set it. A word without an underscore is no setting's name."""
    line = "def made(settings):\n    return Timeouts(settings.idle_seconds, settings.model + 1)\n"
    edit = next(one for one in operators.of_text(OTHER, line) if "model" in one.before)
    texts = {"short_timeouts": "idle_seconds = 0.7", "small": "model = 1", "other": "more_idle_seconds = 1"}
    assert uses.topologies(edit, texts) == {"short_timeouts": 1}
