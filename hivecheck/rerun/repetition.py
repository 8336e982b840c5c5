"""`hivecheck flake`: the same scenarios again and again, each run in its own process, and how often each came out how."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from hivecheck.errors import UsageError
from hivecheck.rerun import flake_statistics, subrun
from hivecheck.rerun.flake_statistics import CONFIDENCE, WHOLE, FlakeRecord, ScenarioEnd


@dataclass(frozen=True)
class Repeats:
    """What is to be repeated. `options` select the scenarios, as those of `hivecheck run` do.

    `seed` is that of the first run. The others count on from it, so that order and choices vary, unless `is_same_seed`.
    """

    options: Sequence[str]
    runs: int
    seed: int
    is_same_seed: bool
    platform: str
    report_dir: Path
    environment: Mapping[str, str]

    def seed_of(self, run: int) -> int:
        return self.seed if self.is_same_seed else self.seed + run - 1

    def folder_of(self, run: int) -> Path:
        return self.report_dir / "flake" / f"run-{run:0{len(str(self.runs))}d}"

    def seeds(self) -> str:
        return (
            f"seed {self.seed} in every run" if self.is_same_seed else f"seeds {self.seed} to {self.seed_of(self.runs)}, another each run"
        )


def flake(series: Repeats, out: TextIO) -> int:
    """Carry it out and tell it; `flake.json` in the folder `flake` of the reports holds the same for programs. Returns the exit code."""
    if series.runs < 2:
        raise UsageError(f"--runs {series.runs}: expected a whole number, 2 or more; one run alone cannot differ from another.")
    shutil.rmtree(series.report_dir / "flake", ignore_errors=True)
    _say(out, f"{series.runs} runs, {series.seeds()}, platform {series.platform}")
    trials = []
    for run in range(1, series.runs + 1):
        seed = series.seed_of(run)
        options = [*series.options, "--seed", str(seed), "--platform", series.platform, "-D", "keep=false"]
        done = subrun.carry_out(options, series.folder_of(run), series.environment, subrun.WHOLE_SECONDS)
        trials.append(done)
        last_line = done.output.strip().rpartition("\n")[2]
        _say(out, f"run {run} of {series.runs}, seed {seed}: {last_line}")
        if not done.scenarios and done.exit_code == 2 and run == 1:  # refused, and it would be refused again
            _say(out, f"\nNO VERDICT  the first run did not begin:\n{done.output.strip()} (exit 2)")
            return 2
    found = flake_statistics.records(trials)
    _write(found, series)
    _say(out, "", *_lines(found, series))
    code = flake_statistics.exit_code(found)
    _say(out, "", _conclusion(found, series, code))
    return code


def _lines(found: Sequence[FlakeRecord], series: Repeats) -> list[str]:
    """One line a scenario, the worst first; more for those that did not always pass."""
    told = []
    for record in sorted(found, key=lambda record: -record.rate):
        low, high = record.interval
        rate = f"{record.rate:6.1%}  [{low:.1%}, {high:.1%}]" if record.counted else "     -  "
        told.append(f"{rate}  {record.counts()}  {record.name}  {record.key}".rstrip())
        told += [f"    {line}" for line in _story(record, series)]
    return told


def _story(record: FlakeRecord, series: Repeats) -> list[str]:
    """Where it first came out otherwise than in the first run, and what a person needs to go on; nothing for one that always passed."""
    if not record.red:
        return []
    difference = record.first_difference()
    red: ScenarioEnd = (
        next((end for end in difference if end.status != flake_statistics.PASSED), record.red[0]) if difference else record.red[0]
    )
    told = (
        [f"run {difference[0].run} {difference[0].status}, the first to differ is run {difference[1].run}: {difference[1].status}"]
        if (difference)
        else [f"it never passed; the first is run {red.run}"]
    )
    told += [f"step: {red.step}"] if red.step else []
    told += [red.message] if red.message else []
    told += [f"evidence: {red.evidence or series.folder_of(red.run)}"]
    seed = series.seed_of(red.run)
    if record.name != WHOLE:
        told.append(f"run it again: ./run-integration-tests.sh {record.key} --platform {series.platform} --seed {seed}")
    return told


def _conclusion(found: Sequence[FlakeRecord], series: Repeats, code: int) -> str:
    scenarios = [record for record in found if record.name != WHOLE]
    flaky = sum(record.is_flaky for record in found)
    red = sum(bool(record.red) and not record.is_flaky for record in found)
    word = {0: "STEADY", 1: "FLAKY" if flaky else "FAILED", 2: "NO VERDICT"}[code]
    counted = f"{len(scenarios)} scenario{'s' if len(scenarios) != 1 else ''}"
    told = f"{flaky} flaky, {red} never passed, of {counted} in {series.runs} runs"
    _, high = flake_statistics.interval(0, series.runs)
    promise = f"; a scenario may still fail in up to {high:.1%} of runs ({CONFIDENCE:.0%} confidence)" if code == 0 else ""
    return f"{word}  {told}{promise} (exit {code})"


def _write(found: Sequence[FlakeRecord], series: Repeats) -> None:
    told = {
        "runs": [{"run": run, "seed": series.seed_of(run), "folder": str(series.folder_of(run))} for run in range(1, series.runs + 1)],
        "platform": series.platform,
        "confidence": CONFIDENCE,
        "scenarios": [
            {"key": record.key, "name": record.name, "is_flaky": record.is_flaky, "rate": record.rate, "interval": record.interval}
            | {"ends": [asdict(end) for end in record.ends]}
            for record in found
        ],
    }
    folder = series.report_dir / "flake"
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("flake.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _say(out: TextIO, *lines: str) -> None:
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()
