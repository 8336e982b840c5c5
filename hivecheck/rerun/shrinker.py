"""`hivecheck shrink`: of the faults of a plan that fails, the few that are enough for the same failure."""

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

Fingerprint = frozenset[tuple[str, str, str, str]]
_VARIABLE = re.compile(r"[0-9a-f]{8,}|[\d.]+")  # ids, times, counts: they differ between runs that fail for one reason


@dataclass(frozen=True)
class Shrinking:
    """Which plan, and how to run it: `options` select the scenario, as those of `hivecheck run` do."""

    plan: Path
    options: Sequence[str]
    platform: str
    report_dir: Path
    environment: Mapping[str, str]

    @property
    def smallest(self) -> Path:
        """Where the smallest plan found so far lies."""
        return self.plan.with_name(f"{self.plan.stem}-smallest.json")


def shrink(asked: Shrinking, out: TextIO) -> int:
    """Run the plan, then run it again and again with less in it; the smallest that fails in the same way is written beside it.

    Returns 0, or 2 when the plan does not fail. Raises UsageError for a plan that makes no sense.
    """
    whole = load(asked.plan)

    def run(faults: Sequence[PlannedFault]) -> Fingerprint:
        candidate = replace(whole, faults=tuple(faults))
        path = asked.smallest.with_name(f"{asked.plan.stem}-candidate.json")
        path.write_text(candidate.text(), encoding="utf-8")
        options = [*asked.options, "--seed", str(whole.seed), "--platform", asked.platform, "--plan", str(path)]
        found = fingerprint(subrun.carry_out(options, asked.report_dir / "shrink", asked.environment))
        path.unlink()
        _say(out, f"{'fails' if found else 'passes'}: {_told(candidate)}")
        return found

    failure = run(whole.faults)
    if not failure:
        _say(out, f"\nNO VERDICT  {asked.plan} does not fail here; there is nothing to shrink (exit 2)")
        return 2
    least = smallest(whole.faults, lambda faults: run(faults) == failure)
    found = replace(whole, faults=least)
    asked.smallest.write_text(found.text(), encoding="utf-8")
    _say(out, "", *(f"{step}: {message}" for _, _, step, message in sorted(failure)))
    _say(out, f"run it again: hivecheck run --platform {asked.platform} --seed {whole.seed} --plan {asked.smallest}")
    _say(out, f"\nSHRUNK  {len(least)} of {len(whole.faults)} faults are enough: {_told(found)} (exit 0)")
    return 0


def smallest(faults: Sequence[PlannedFault], fails: Callable[[Sequence[PlannedFault]], bool]) -> tuple[PlannedFault, ...]:
    """Blows of which none can be left out without the failure going away. Tries the first half, the second, then one at a time."""
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


def fingerprint(done: SubRun) -> Fingerprint:
    """What went wrong and where, without what differs from run to run; empty for a run in which everything passed."""
    red = {
        key: told for key, told in done.scenarios.items() if told["status"] not in (flake_statistics.PASSED, flake_statistics.NOT_SUPPORTED)
    }
    found = {(key, told["status"], told.get("step", ""), _constant(told.get("message", ""))) for key, told in red.items()}
    if not done.scenarios:
        found.add(("", "no result", "", _constant(done.output.strip().rpartition("\n")[2])))
    return frozenset(found)


def _constant(message: str) -> str:
    """What was wanted; what came instead is told in the lines below it, with names and figures of that run."""
    return _VARIABLE.sub("#", message.partition("\n")[0])


def _told(plan: FaultPlan) -> str:
    return ", ".join(f"{planned.fault} on {planned.target} at {planned.at_seconds:g} s" for planned in plan.faults)


def _say(out: TextIO, *lines: str) -> None:
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()
