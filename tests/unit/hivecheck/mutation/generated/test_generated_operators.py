"""The operators: what each makes of a piece of source, and what none of them touches."""

import ast
import random
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.mutation.generated import operators
from hivecheck.mutation.generated.edit import Edit, in_one_line
from hivecheck.settings import PROJECT_ROOT

FILE = "services/worker/sample.py"


def mutants(body: str, operator: str) -> list[str]:
    """What one operator makes of the body of a function: the changed lines, for each mutant."""
    text = (
        "import x\n\ndef outer(a, b, rows, table):\n    c = a\n"
        + textwrap.indent(textwrap.dedent(body).strip(), "    ")
        + "\n    return c\n"
    )
    found = [edit for edit in operators.of_text(FILE, text) if edit.operator == operator]
    return [in_one_line(edit.after) for edit in found if operators.is_mutant(edit, text)]


@pytest.mark.parametrize(
    ("operator", "body", "expected"),
    [
        ("boundaries", "c = a < b <= 9", ["c = a <= b <= 9", "c = a < b < 9"]),
        ("opposites", "c = a not in b", ["c = a in b"]),
        ("opposites", "c = (a) is not None", ["c = (a) is None"]),
        ("negations", "c = 1 if not a else b", ["c = 1 if a else b"]),
        ("negations", "c = [r for r in rows if r.ok and a]", ["c = [r for r in rows if (not (r.ok and a))]"]),
        ("connectives", "c = a and b", ["c = a or b", "c = a"]),
        ("numbers_beside", "c = a[0] + 2", ["c = a[1] + 2", "c = a[0] + 1", "c = a[0] + 3"]),
        ("numbers_beside", "c = a != 200", ["c = a != 201"]),
        ("numbers_beside", "c = table[1]", ["c = table[0]"]),
        ("sums", "c = b - a", ["c = b + a"]),
        ("sums", "c = a + b'text'", []),
        ("constants", "c = x.f(a, timeout=2.5)", ["c = x.f(a, timeout=5.0)"]),
        ("constants", "c = True", ["c = False"]),
        ("constants", "c = x.Error(status=503)", ["c = x.Error(status=504)"]),
        ("defaults", "c = a or b", ["c = b"]),
        ("arguments", "c = x.f(a.size, b)", ["c = x.f(b, a.size)"]),
        ("arguments", "c = max(a, b)", []),
        ("arguments", "c = table.get(a, b)", []),
        ("keys", "c = table['one'] + table.get('two')", ["c = table[\"two\"] + table.get('two')", "c = table['one'] + table.get(\"one\")"]),
        ("keys", "c = table[a, b]", ["c = table[a, a]"]),
        ("dropped_calls", "x.f(a)", ["pass"]),
        ("deletions", "del table[a]", ["pass"]),
        ("removed_branches", "if a:\n    c = b\nelse:\n    c = 2", ["pass", "pass"]),
        ("removed_branches", "try:\n    x.f()\nfinally:\n    x.g()", ["pass"]),
        ("first_only", "for row in rows:\n    x.f(row)", ["x.f(row) break"]),
        ("first_only", "for row in rows:\n    if row:\n        continue\n    return 3", ["break"]),
        ("swallowed", "try:\n    x.f()\nexcept OSError:\n    raise", ["except Exception:", "pass"]),
        ("unhandled", "try:\n    x.f()\nexcept OSError:\n    c = b", ["pass"]),
        ("stale_names", "c = b", ["pass"]),
        ("stale_attributes", "table.n += 1\ntable[a] = b", ["pass", "pass"]),
        ("stale_attributes", "d, e = b", []),
        ("stale_names", "while a:\n    c = x.f(c)", []),
        ("dropped_calls", "while a:\n    x.f(c)", []),
    ],
)
def test_operator(operator: str, body: str, expected: list[str]) -> None:
    """Each operator changes exactly the places that its docstring names."""
    assert mutants(body, operator) == expected


def test_early_return() -> None:
    """A function without a result returns before its last statement; a constructor and a function with a result do not."""
    both, result = "self.a = 1\n        self.b = 2\n", "return 6\n"
    text = (
        f"class A:\n    def __init__(self):\n        {both}    def f(self):\n        {both}    def g(self):\n        {both}        {result}"
    )
    found = [edit for edit in operators.of_text(FILE, text) if edit.operator == "early_returns"]
    assert [(edit.scope, edit.before, edit.after) for edit in found] == [("A.f", "self.b = 2", "return")]


@pytest.mark.parametrize(
    "line",
    [
        "log.info('a', extra=1 + 2)",
        "logs.event(log, 'listening', url=a[0])",
        "for row in rows[1:]:\n    log.info(row + 1)",
        "if a < 1:\n    log.info('low')",
        "'''A docstring with 1 < 2.'''",
        "d: Annotated[int, 3 + 4]",
        "await_me = f'{a < b}'",
    ],
)
def test_no_target(line: str) -> None:
    """Log lines, docstrings, annotations and messages have no requirement, so only the statement around a message is a target."""
    found = mutants(f"{line}\nx.f()", "dropped_calls")
    assert found == ["pass"]
    for operator in ("boundaries", "numbers_beside", "constants", "sums", "removed_branches", "first_only"):
        assert mutants(line, operator) == []


def test_every_family() -> None:
    """The services give each family of the table a choice of mutants."""
    families = [edit.family for edit in operators.of_services(PROJECT_ROOT)]
    assert all(families.count(family) > 50 for family in operators.FAMILIES)


SERVICES = operators.of_services(PROJECT_ROOT)
TEXTS = {edit.file: (PROJECT_ROOT / edit.file).read_text(encoding="utf-8") for edit in SERVICES}


@given(st.integers(0, len(SERVICES) - 1))
def test_edit_is_exact(number: int) -> None:
    """An edit of the services changes its own lines alone, and its mark for the record of lines is the beginning of a statement."""
    edit = SERVICES[number]
    old, new = TEXTS[edit.file].splitlines(), edit.applied(TEXTS[edit.file]).splitlines()
    first, last = edit.lines
    assert new[: first - 1] == old[: first - 1]
    assert new[len(new) - (len(old) - last) :] == old[last:]
    starts = {node.lineno for node in ast.walk(ast.parse(TEXTS[edit.file])) if isinstance(node, ast.stmt)}
    assert edit.statement in starts


def test_names_are_unique_and_stable() -> None:
    """A name belongs to one mutant, and other lines above it do not change it."""
    assert len({edit.name for edit in SERVICES}) == len(SERVICES)
    edit = random.Random(1).choice(SERVICES)
    moved = operators.of_text(edit.file, TEXTS[edit.file].replace("from __future__", "\n\nfrom __future__", 1))
    assert edit.name in {one.name for one in moved}


def test_most_edits_are_mutants() -> None:
    """Of a sample, nearly each edit compiles and differs in its bytecode."""
    sample = random.Random(2).sample(SERVICES, 100)
    assert sum(operators.is_mutant(edit, TEXTS[edit.file]) for edit in sample) >= 90


def test_is_mutant() -> None:
    """A change that does not compile is no mutant, and neither is one that leaves the bytecode as it is."""
    text = "a = 1\n"
    edit = Edit(FILE, "", "", "", 4, 5, "2", "", "", (1, 1), 1)
    assert operators.is_mutant(edit, text)
    assert not operators.is_mutant(Edit(FILE, "", "", "", 4, 5, "0x1", "", "", (1, 1), 1), text)
    assert not operators.is_mutant(Edit(FILE, "", "", "", 4, 5, "break", "", "", (1, 1), 1), text)
