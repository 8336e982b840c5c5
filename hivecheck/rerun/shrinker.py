"""`hivecheck shrink`: finds the smallest part of a failing fault plan that still fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from hivecheck.faults.planning.fault_budget import PlannedFault
from hivecheck.faults.planning.plan import FaultPlan, load
from hivecheck.rerun import flake_statistics, subrun
from hivecheck.rerun.subrun import SubRun
from hivecheck.wording import counted

Fingerprint = frozenset[tuple[str, str, str, str]]
_ACTUAL = re.compile(r"\s+actual: ")
_VARIABLE = re.compile(r"[0-9a-f]{8,}|[\d.]+")  # ids, times and counts differ between runs with the same failure


@dataclass(frozen=True)
class Shrinking:
    """The plan, and how to run it. `options` select the scenario, as those of `hivecheck run` do."""

    plan: Path
    options: Sequence[str]
    platform: str
    report_dir: Path
    environment: Mapping[str, str]

    @property
    def smallest(self) -> Path:
        """The file of the smallest plan so far."""
        return self.plan.with_name(f"{self.plan.stem}-smallest.json")


def shrink(shrinking: Shrinking, out: TextIO) -> int:
    """Run the plan, then parts of it. The smallest part that fails in the same way is written beside it.

    Returns 0, or 2 when the plan does not fail. Raises UsageError for a malformed plan.
    """
    whole = load(shrinking.plan)

    def run(faults: Sequence[PlannedFault]) -> Fingerprint:
        candidate = replace(whole, faults=tuple(faults))
        path = shrinking.smallest.with_name(f"{shrinking.plan.stem}-candidate.json")
        path.write_text(candidate.text(), encoding="utf-8")
        options = [*shrinking.options, "--seed", str(whole.seed), "--platform", shrinking.platform, "--fault-plan", str(path)]
        options += subrun.AS_IT_IS
        found = fingerprint(subrun.carry_out(options, shrinking.report_dir / "shrink", shrinking.environment))
        path.unlink()
        _say(out, f"{'fails' if found else 'passes'}: {_faults_of(candidate)}")
        return found

    failure = run(whole.faults)
    if not failure:
        _say(out, f"\nNO VERDICT  {shrinking.plan} does not fail here, so there is nothing to shrink (exit 2)")
        return 2
    # A part that fails in another way shows another defect.
    least = smallest(whole.faults, lambda faults: run(faults) == failure)
    found = replace(whole, faults=least)
    shrinking.smallest.write_text(found.text(), encoding="utf-8")
    _say(out, "", *(f"{step}: {message}" for _, _, step, message in sorted(failure)))
    _say(out, f"reproduce: hivecheck run --platform {shrinking.platform} --seed {whole.seed} --fault-plan {shrinking.smallest}")
    _say(out, f"\nSHRUNK  {counted(len(whole.faults), 'fault')} to {len(least)}: {_faults_of(found)} (exit 0)")
    return 0


def smallest(faults: Sequence[PlannedFault], fails: Callable[[Sequence[PlannedFault]], bool]) -> tuple[PlannedFault, ...]:
    """Planned faults that are all necessary for the failure. Tries the first half, the second half, then leaves out one at a time."""
    kept = tuple(faults)
    half = len(kept) // 2
    for part in (kept[:half], kept[half:]):
        if len(kept) > 3 and fails(part):
            return smallest(part, fails)
    for planned in kept:
        without = tuple(other for other in kept if other != planned)
        if without and fails(without):
            kept = without
    return kept


def fingerprint(ended: SubRun) -> Fingerprint:
    """The failures and their places, without details that differ between runs; empty for a run that passed."""
    fine = (flake_statistics.PASSED, flake_statistics.NOT_SUPPORTED)
    red = {key: scenario for key, scenario in ended.scenarios.items() if scenario["status"] not in fine}
    found = {(key, one["status"], one.get("step", ""), _constant(one.get("message", ""))) for key, one in red.items()}
    if not ended.scenarios:
        found.add(("", "no result", "", _constant(ended.output.strip().rpartition("\n")[2])))
    return frozenset(found)


def _constant(message: str) -> str:
    """The expectation. What was observed instead has names and figures of one run."""
    return _VARIABLE.sub("#", _ACTUAL.split(message)[0].partition("\n")[0])


def _faults_of(plan: FaultPlan) -> str:
    return ", ".join(f"{planned.fault} on {planned.target} at {planned.at_seconds:g} s" for planned in plan.faults)


def _say(out: TextIO, *lines: str) -> None:
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()
