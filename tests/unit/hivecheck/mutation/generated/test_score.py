"""The score, its interval, the report and the exit code."""

import pytest

from hivecheck.mutation.generated import score
from hivecheck.mutation.generated.attempt import Attempt, Outcome
from hivecheck.mutation.generated.edit import Edit
from hivecheck.mutation.generated.listed import Entry, Lists
from hivecheck.mutation.generated.score import Tried
from hivecheck.rerun.flake_statistics import interval


def mutant(number: int, outcome: Outcome | None, listed: str = "", service: str = "worker") -> Tried:
    edit = Edit(
        f"services/{service}/one.py", "f", "boundary", "boundaries", 0, 1, "", f"before {number}", "after", (number, number), number
    )
    attempt = Attempt(edit.name, outcome, "a.feature: a", "expected: this", ("a.feature: a",)) if outcome else None
    return Tried(edit, attempt, ("-before", "+after"), listed)


def mutants(**counts: int) -> list[Tried]:
    outcomes = [Outcome[name] for name, count in counts.items() for _ in range(count)]
    return [mutant(number, outcome) for number, outcome in enumerate(outcomes)]


def test_score() -> None:
    """A mutant without cover, one that ends the start and an inconclusive one count as not killed. The interval is exact."""
    found = score.score(mutants(KILLED=6, SURVIVED=1, NOT_COVERED=1, AT_START=1, INCONCLUSIVE=1))
    assert (found.killed, found.total) == (6, 10)
    assert found.data()["low"] == interval(6, 10)[0]
    assert "60.0% [26.2%, 87.8%]" in found.sentence()


def test_score_without_equivalent() -> None:
    """An equivalent mutant leaves the score, one outside every requirement stays in it, and one that was not tried is in none."""
    found = [*mutants(KILLED=3), mutant(7, Outcome.SURVIVED, "equivalent"), mutant(8, Outcome.SURVIVED, "outside"), mutant(9, None)]
    assert (score.score(found).killed, score.score(found).total) == (3, 4)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (mutants(KILLED=20), 0),
        (mutants(KILLED=20, SURVIVED=1), 1),
        (mutants(KILLED=20, NOT_COVERED=1), 1),
        ([*mutants(KILLED=20), mutant(50, Outcome.SURVIVED, "outside")], 0),
        ([*mutants(KILLED=20), mutant(50, Outcome.SURVIVED, "equivalent")], 0),
        ([*mutants(KILLED=8), mutant(50, Outcome.SURVIVED, "equivalent")], 1),
        (mutants(KILLED=20, INCONCLUSIVE=1), 0),
        (mutants(KILLED=20, INCONCLUSIVE=2), 2),
        (mutants(KILLED=97, INCONCLUSIVE=3), 0),
        ([*mutants(KILLED=20), mutant(50, None)], 2),
        ([*mutants(SURVIVED=1), mutant(50, None)], 1),
    ],
)
def test_exit_code(found: list[Tried], code: int) -> None:
    """1 for a survivor in neither list or too many equivalent ones, 2 for too many without a verdict, else 0."""
    assert score.exit_code(found) == code
    assert score.lines(found, 7)[-1].endswith(f"(exit {code})")


def test_report_of_a_survivor() -> None:
    """A survivor is reported with file, line, diff and the scenarios that ran over it."""
    report = "\n".join(score.lines([mutant(3, Outcome.SURVIVED), *mutants(KILLED=1)], 7))
    assert "SURVIVED" in report
    for part in ("services/worker/one.py:3", "-before", "+after", "ran: a.feature: a", "by family:", "by service:"):
        assert part in report


def test_data() -> None:
    """The data have the score as a whole and of each group, and each mutant with its outcome."""
    content = score.data([mutant(3, Outcome.SURVIVED), mutant(4, Outcome.KILLED, service="hive")], 7, "hash")
    assert content["services"]["hive"]["killed"] == 1
    assert [entry["outcome"] for entry in content["mutants"]] == ["survived", "killed"]
    assert content["mutants"][0]["diff"] == ["-before", "+after"]


def test_tried() -> None:
    """A list counts only for a mutant that survives."""
    edit = mutant(3, None).edit
    entry = Entry(edit.file, edit.scope, edit.operator, edit.before, edit.after, "a reason")
    lists = Lists(equivalent=(entry,))
    [killed] = score.tried([edit], {edit.name: Attempt(edit.name, Outcome.KILLED)}, {}, lists)
    [survived] = score.tried([edit], {edit.name: Attempt(edit.name, Outcome.SURVIVED)}, {}, lists)
    assert (killed.listed, survived.listed) == ("", "equivalent")
