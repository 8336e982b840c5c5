"""The cut of a plan into parts, and one result from those of all parts."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.errors import Reason, ReportError
from hivecheck.reports.result import NO_VERDICT, Outcome, Planned, RunProblem, RunResult, Status, exit_code
from hivecheck.reports.split import cut, merged, part_of
from hivecheck.reports.text import causes

counts = st.integers(1, 8)
durations = st.lists(st.floats(0, 100), max_size=40)


def planned(line: int) -> Planned:
    return Planned(f"features/a.feature:{line}", "A", f"scenario {line}", "features/a.feature", line)


def plan_of(seconds: list[float]) -> list[Planned]:
    return [planned(line) for line in range(len(seconds))]


def by_line(seconds: list[float]) -> Callable[[Planned], float]:
    return lambda planned: seconds[planned.line]


def results(*statuses: Status, parts: int = 2, seed: int = 7) -> list[RunResult]:
    """The results of all parts of a plan of scenarios that take one second each."""
    plan = [planned(line) for line in range(len(statuses))]
    found = []
    for number in range(1, parts + 1):
        own, split = part_of(plan, lambda _: 1.0, number, parts)
        outcomes = tuple(
            Outcome(one, statuses[one.line], 1.0, reason=Reason.TIMEOUT if statuses[one.line] in NO_VERDICT else None) for one in own
        )
        result = RunResult(f"r{number}", seed, "process", "reference", outcomes, seconds=float(number), split=split)
        found.append(replace(result, properties={"source_hash": "abc"}))
    return found


def join(found: list[RunResult]) -> RunResult:
    return merged([f"part-{number}" for number, _ in enumerate(found, start=1)], found)


@given(durations, counts)
def test_parts_are_the_plan(seconds: list[float], count: int) -> None:
    """Each scenario of the plan is in exactly one part."""
    plan = plan_of(seconds)
    parts = cut(plan, by_line(seconds), count)
    assert len(parts) == count
    assert sorted(key for part in parts for key in part) == sorted(one.key for one in plan)


@given(durations, counts, st.randoms())
def test_order_is_no_input(seconds: list[float], count: int, order: random.Random) -> None:
    """The order of the plan, and so the seed, does not change the parts."""
    plan = plan_of(seconds)
    shuffled = order.sample(plan, len(plan))
    assert cut(plan, by_line(seconds), count) == cut(shuffled, by_line(seconds), count)


@given(durations, counts)
def test_parts_are_even(seconds: list[float], count: int) -> None:
    """Two parts differ by no more than one scenario of the longer one, as longest processing time first gives."""
    by_key = dict(zip([one.key for one in plan_of(seconds)], seconds, strict=True))
    loads = [[by_key[key] for key in part] for part in cut(plan_of(seconds), by_line(seconds), count)]
    longest = max(loads, key=sum)
    assert sum(longest) - min(map(sum, loads)) <= min(longest, default=0.0) + 1e-6


def test_lone_long_scenario() -> None:
    """A scenario that takes as long as all others has a part of its own."""
    seconds = [1.0, 1.0, 4.0, 1.0, 1.0]
    assert cut(plan_of(seconds), by_line(seconds), 2)[0] == ["features/a.feature:2"]


def test_scenarios_without_time() -> None:
    """Scenarios that take no time are spread by number."""
    assert [len(part) for part in cut(plan_of([0.0] * 7), lambda _: 0.0, 3)] == [3, 2, 2]


def test_merge_is_the_whole() -> None:
    """The merged result has each outcome in the order of the plan, the longest time, and is a whole plan again."""
    whole = join(results(Status.PASSED, Status.NOT_SUPPORTED, Status.PASSED))
    assert [outcome.planned.line for outcome in whole.outcomes] == [0, 1, 2]
    assert (exit_code(whole), whole.seconds, str(whole.split)) == (0, 2.0, "part 1 of 1")
    assert join([whole]).outcomes == whole.outcomes


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((Status.PASSED, Status.FAILED, Status.INCONCLUSIVE), 1),
        ((Status.PASSED, Status.INCONCLUSIVE, Status.PASSED), 2),
        ((Status.PASSED, Status.FLAKY, Status.PASSED), 1),
        ((Status.PASSED, Status.KNOWN_FAILURE, Status.PASSED), 0),
        ((Status.PASSED,), 0),  # the other part is empty
    ],
)
def test_merge_has_one_exit_code(statuses: tuple[Status, ...], code: int) -> None:
    """The worst status of all parts decides."""
    assert exit_code(join(results(*statuses))) == code


def test_merge_keeps_problems() -> None:
    """A crash, an interruption and a problem of one part are those of the whole, with its number."""
    first, second = results(Status.PASSED, Status.PASSED)
    second = replace(second, crash="KeyError: 'a'", interrupted_by="SIGTERM", problems=(RunProblem("a leak", "pid 1", Reason.LEAK),))
    whole = join([first, second])
    assert exit_code(whole) == 3
    assert causes(whole)[0] == "the harness crashed: part 2 of 2: KeyError: 'a'"
    assert (whole.interrupted_by, whole.problems[0].title) == ("SIGTERM", "a leak (part 2 of 2)")


def test_merge_keeps_seeds() -> None:
    """With several seeds, each outcome has the seed of its part."""
    first, second = results(Status.PASSED, Status.PASSED)
    whole = join([first, replace(second, seed=8)])
    assert sorted(outcome.seed or 0 for outcome in whole.outcomes) == [7, 8]
    assert whole.properties["seeds"] == "7 and 8"


def without_a_scenario(result: RunResult) -> RunResult:
    return replace(result, outcomes=result.outcomes[1:])


def cut_otherwise(result: RunResult) -> RunResult:
    seconds = [9.0, 1.0, 1.0, 1.0]
    own, split = part_of([planned(line) for line in range(4)], by_line(seconds), 2, 2)
    return replace(result, outcomes=tuple(Outcome(one, Status.PASSED) for one in own), split=split)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda first, second: [first], "part 2 is missing"),
        (lambda first, second: [first, second, second], "part 2 is in part-2 and part-3"),
        (lambda first, second: [first, replace(second, platform="docker")], "platform process in part-1, platform docker in part-2"),
        (lambda first, second: [first, replace(second, target="toy")], "the same target"),
        (lambda first, second: [first, replace(second, properties={"source_hash": "x"})], "source hash abc in part-1, source hash x"),
        (lambda first, second: [first, results(*[Status.PASSED] * 5)[1]], "plan of 4 scenarios in part-1, plan of 5 scenarios"),
        (lambda first, second: [first, results(*[Status.PASSED] * 4, parts=3)[1]], "a split into 2 parts in part-1, a split into 3 parts"),
        (lambda first, second: [first, cut_otherwise(second)], "the same cut of the plan"),
        (lambda first, second: [first, without_a_scenario(second)], "3 scenarios, and a difference in features/a.feature:1"),
        (lambda first, second: [first, replace(second, split=None)], "part-2 has none"),
    ],
)
def test_merge_refuses(change: Callable[[RunResult, RunResult], list[RunResult]], words: str) -> None:
    """Parts that make no whole are refused with expected, actual and next."""
    with pytest.raises(ReportError, match=words) as refusal:
        join(change(*results(*[Status.PASSED] * 4)))
    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == ["expected", "actual", "next"]


def test_empty_part_has_a_cause() -> None:
    """A part without a scenario names itself as the cause of exit code 2."""
    empty = results(Status.PASSED)[1]
    assert (exit_code(empty), causes(empty)) == (2, ["part 2 of 2 has no scenario"])
