"""Cuts a plan into parts of equal duration, and verifies that the results of all parts make one whole. Pure."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hivecheck.errors import ReportError
from hivecheck.reports.result import Planned, RunResult, Split, in_plan_order
from hivecheck.wording import counted, listed

SAME_DURATIONS = "run all parts on one commit, with the same options and the same durations.json (docs/ci.md)"


def cut(plan: Sequence[Planned], seconds: Callable[[Planned], float], parts: int) -> list[list[str]]:
    """The keys of each part. The longest scenario goes first to the part with the least seconds, so the order of the plan is no input.

    The longest part takes at most 4/3 of the best cut (Graham 1969, longest processing time first).
    """
    found: list[list[str]] = [[] for _ in range(parts)]
    # By count too: scenarios that take no time would otherwise all go to one part.
    loads = [(0.0, 0, number) for number in range(parts)]
    for planned in sorted(plan, key=lambda planned: (-seconds(planned), planned.key)):
        load, count, number = heapq.heappop(loads)
        found[number].append(planned.key)
        heapq.heappush(loads, (load + seconds(planned), count + 1, number))
    return [sorted(part) for part in found]


def fingerprint(parts: Iterable[Iterable[str]]) -> str:
    """Identifies a cut. Two machines with other durations cut otherwise, and would run scenarios twice or never."""
    return hashlib.sha256(json.dumps([sorted(part) for part in parts]).encode()).hexdigest()[:16]


def part_of(plan: Sequence[Planned], seconds: Callable[[Planned], float], number: int, count: int) -> tuple[list[Planned], Split]:
    """The scenarios of a part in the order of the plan, and what identifies the part."""
    parts = cut(plan, seconds, count)
    own = set(parts[number - 1])
    split = Split(number, count, tuple(sorted(planned.key for planned in plan)), fingerprint(parts))
    return [planned for planned in plan if planned.key in own], split


def merged(places: Sequence[str], results: Sequence[RunResult]) -> RunResult:
    """The result of a whole plan from those of its parts. `places` are their files. Raises ReportError unless each part is there once."""
    splits = [_split_of(place, result) for place, result in zip(places, results, strict=True)]
    _must_be_one(places, [f"a split into {split.parts} parts" for split in splits], "the same number of parts")
    _must_be_complete(places, splits)
    for noun, values in (
        ("plan", [split.plan for split in splits]),
        ("platform", [result.platform for result in results]),
        ("target", [result.target for result in results]),
        ("source hash", [result.properties.get("source_hash", "") for result in results]),
        ("cut of the plan", [split.cut for split in splits]),
    ):
        _must_be_one(places, [f"{noun} {_short(value)}" for value in values], f"the same {noun} in each part", values)
    _must_be_cut_so(places, splits, results)
    return _joined(splits, results)


def _joined(splits: Sequence[Split], results: Sequence[RunResult]) -> RunResult:
    first = results[0]
    crashes = [f"{split}: {result.crash}" for split, result in zip(splits, results, strict=True) if result.crash is not None]
    seeds = {result.seed: None for result in results}
    outcomes = [
        replace(outcome, seed=result.seed) if outcome.seed is None and len(seeds) > 1 else outcome
        for result in results
        for outcome in result.outcomes
    ]
    plan = splits[0].plan
    return RunResult(
        run_id="+".join(result.run_id for result in results),
        seed=first.seed,
        platform=first.platform,
        target=first.target,
        outcomes=tuple(in_plan_order(outcomes)),
        problems=tuple(
            replace(problem, title=f"{problem.title} ({split})")
            for split, result in zip(splits, results, strict=True)
            for problem in result.problems
        ),
        interrupted_by=next((result.interrupted_by for result in results if result.interrupted_by), None),
        crash="\n".join(crashes) if crashes else None,
        seconds=max(result.seconds for result in results),
        properties={"source_hash": first.properties.get("source_hash", ""), "parts": str(len(results))}
        | ({"seeds": listed(seeds)} if len(seeds) > 1 else {}),
        plan_files={key: file for result in results for key, file in result.plan_files.items()},
        # A merged result is a whole plan again, as that of one machine.
        split=Split(1, 1, plan, fingerprint([plan])),
        allows_flaky=all(result.allows_flaky for result in results),
    )


def _split_of(place: str, result: RunResult) -> Split:
    if result.split is None:
        reason = next((problem.title for problem in result.problems), "")
        raise ReportError(
            f"expected: the result of a run with a plan\nactual: {place} has none{f': {reason}' if reason else ''}\n"
            "next: see the output of that run, and run its part again"
        )
    return result.split


def _must_be_one(places: Sequence[str], words: Sequence[str], expected: str, values: Sequence[object] | None = None) -> None:
    values = values or words
    for place, word, value in zip(places, words, values, strict=True):
        if value != values[0]:
            raise ReportError(f"expected: {expected}\nactual: {words[0]} in {places[0]}, {word} in {place}\nnext: {SAME_DURATIONS}")


def _must_be_complete(places: Sequence[str], splits: Sequence[Split]) -> None:
    found: dict[int, list[str]] = {number: [] for number in range(1, splits[0].parts + 1)}
    for place, split in zip(places, splits, strict=True):
        found.setdefault(split.part, []).append(place)
    missing = [f"part {number} is missing" for number, where in found.items() if not where]
    doubled = [f"part {number} is in {listed(where)}" for number, where in found.items() if len(where) > 1]
    if missing or doubled:
        raise ReportError(
            f"expected: each of the {splits[0].parts} parts once\nactual: {listed([*missing, *doubled])}\n"
            "next: give the result of each part once, or run a missing part again"
        )


def _must_be_cut_so(places: Sequence[str], splits: Sequence[Split], results: Sequence[RunResult]) -> None:
    """The scenarios of the results are those of the cut. A result of another make would otherwise pass with a scenario less."""
    parts = {split.part: [outcome.planned.key for outcome in result.outcomes] for split, result in zip(splits, results, strict=True)}
    keys = sorted(key for part in parts.values() for key in part)
    if keys != list(splits[0].plan) or fingerprint(parts[number] for number in sorted(parts)) != splits[0].cut:
        differing = sorted(set(keys) ^ set(splits[0].plan))
        raise ReportError(
            f"expected: the scenarios of {listed(places)} are the plan of {len(splits[0].plan)}\n"
            f"actual: {counted(len(keys), 'scenario')}, {f'and a difference in {differing[0]}' if differing else 'in other parts'}\n"
            f"next: {SAME_DURATIONS}"
        )


def _short(value: object) -> str:
    return f"of {counted(len(value), 'scenario')}" if isinstance(value, tuple) else str(value) or "unknown"
