"""`hivecheck repeat`: repeats the same scenarios, each run in its own process, and counts how often each passes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from hivecheck.errors import UsageError
from hivecheck.reports.text import run_command
from hivecheck.rerun import flake_statistics, subrun
from hivecheck.rerun.flake_statistics import CONFIDENCE, WHOLE, FlakeRecord, ScenarioEnd
from hivecheck.settings import DURATIONS_FILE
from hivecheck.wording import counted

FORMAT = 2  # of repeat.json; 1 was flake.json without a number


@dataclass(frozen=True)
class Repeats:
    """What to repeat. `options` select the scenarios, as those of `hivecheck run` do.

    `seed` is that of the first run. Each later run adds 1, so that order and choices vary, unless `is_same_seed`.
    """

    options: Sequence[str]
    runs: int
    seed: int
    is_same_seed: bool
    platform: str
    report_dir: Path
    environment: Mapping[str, str]

    @property
    def folder(self) -> Path:
        return self.report_dir / "repeat"

    def seed_of(self, run: int) -> int:
        return self.seed if self.is_same_seed else self.seed + run - 1

    def folder_of(self, run: int) -> Path:
        return self.folder / f"run-{run:0{len(str(self.runs))}d}"

    def seeds(self) -> str:
        return f"seed {self.seed} in every run" if self.is_same_seed else f"seeds {self.seed} to {self.seed_of(self.runs)}, one each run"


def repeat(repeats: Repeats, out: TextIO) -> int:
    """Run, and print the rates; `repeat/repeat.json` in the report folder has the same for programs. Returns the exit code."""
    if repeats.runs < 2:
        raise UsageError(f"expected: --runs of 2 or more, because one run has no difference to another\nactual: --runs {repeats.runs}")
    shutil.rmtree(repeats.folder, ignore_errors=True)
    _say(out, f"{counted(repeats.runs, 'run')}, {repeats.seeds()}, platform {repeats.platform}")
    runs = []
    for run in range(1, repeats.runs + 1):
        seed = repeats.seed_of(run)
        options = [*repeats.options, "--seed", str(seed), "--platform", repeats.platform, "-D", "keep_failed=false", *subrun.AS_IT_IS]
        options += ["-D", f"durations={repeats.report_dir / DURATIONS_FILE}"]  # each run has a report folder of its own
        ended = subrun.carry_out(options, repeats.folder_of(run), repeats.environment, subrun.WHOLE_SECONDS)
        runs.append(ended)
        last_line = ended.output.strip().rpartition("\n")[2]
        _say(out, f"run {run} of {repeats.runs}, seed {seed}: {last_line}")
        if not ended.scenarios and ended.exit_code == 2 and run == 1:  # the next run would be refused too
            _say(out, "", ended.output.strip(), "NO VERDICT  the first run was refused (exit 2)")
            return 2
    found = flake_statistics.records(runs)
    _write(found, repeats)
    _say(out, "", *_lines(found, repeats))
    code = flake_statistics.exit_code(found)
    _say(out, "", _conclusion(found, repeats, code))
    return code


def _lines(found: Sequence[FlakeRecord], repeats: Repeats) -> list[str]:
    """One line a scenario, the worst first, and more lines for a scenario that did not always pass."""
    lines = []
    for record in sorted(found, key=lambda record: -record.rate):
        low, high = record.interval
        rate = f"{record.rate:6.1%}  [{low:.1%}, {high:.1%}]" if record.counted else "     -  "
        lines.append(f"{rate}  {record.counts()}  {record.name}  {record.key}".rstrip())
        lines += [f"    {line}" for line in _story(record, repeats)]
    return lines


def _story(record: FlakeRecord, repeats: Repeats) -> list[str]:
    """The first difference, and the command that repeats it; nothing for a scenario that always passed."""
    if not record.red:
        return []
    difference = record.first_difference()
    red: ScenarioEnd = next((end for end in difference or () if end.status != flake_statistics.PASSED), record.red[0])
    lines = [f"it never passed; the first is run {red.run}"]
    if difference:
        first, other = difference
        lines = [f"run {first.run} {first.status}, the first with another status is run {other.run}: {other.status}"]
    lines += [f"step: {red.step}"] if red.step else []
    lines += [red.message] if red.message else []
    lines += [f"evidence: {red.evidence or repeats.folder_of(red.run)}"]
    seed = repeats.seed_of(red.run)
    if record.name != WHOLE:
        lines.append(f"reproduce: {run_command()} {record.key} --platform {repeats.platform} --seed {seed}")
    return lines


def _conclusion(found: Sequence[FlakeRecord], repeats: Repeats, code: int) -> str:
    scenarios = [record for record in found if record.name != WHOLE]
    flaky = sum(record.is_flaky for record in found)
    red = sum(bool(record.red) and not record.is_flaky for record in found)
    word = {0: "STEADY", 1: "FLAKY" if flaky else "FAILED", 2: "NO VERDICT"}[code]
    counts = f"{flaky} flaky, {red} never passed, of {counted(len(scenarios), 'scenario')} in {counted(repeats.runs, 'run')}"
    _, high = flake_statistics.interval(0, repeats.runs)
    promise = f"; a scenario may still fail in up to {high:.1%} of runs ({CONFIDENCE:.0%} confidence)" if code == 0 else ""
    return f"{word}  {counts}{promise} (exit {code})"


def _write(found: Sequence[FlakeRecord], repeats: Repeats) -> None:
    content = {
        "format": FORMAT,
        "runs": [{"run": run, "seed": repeats.seed_of(run), "folder": str(repeats.folder_of(run))} for run in range(1, repeats.runs + 1)],
        "platform": repeats.platform,
        "confidence": CONFIDENCE,
        "scenarios": [
            {"key": record.key, "name": record.name, "is_flaky": record.is_flaky, "rate": record.rate, "interval": record.interval}
            | {"ends": [asdict(end) for end in record.ends]}
            for record in found
        ],
    }
    repeats.folder.mkdir(parents=True, exist_ok=True)
    repeats.folder.joinpath("repeat.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _say(out: TextIO, *lines: str) -> None:
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()
