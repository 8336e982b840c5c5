"""The attempt of one generated mutant: the scenarios that run its line, one after the other, until one fails."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from hivecheck.errors import Reason
from hivecheck.mutation.generated.edit import Edit
from hivecheck.mutation.generated.line_record import PLATFORM, LineRecord, Ran
from hivecheck.mutation.generated.uses import Place
from hivecheck.rerun import subrun
from hivecheck.rerun.subrun import SubRun
from hivecheck.source_hash import source_hash

NEAR_POWER = 3  # of the number of settings: a scenario with two of them may take longer than one with one of them
ROW_FACTOR = 4  # against further rows of an outline
NONE_NEAR: Mapping[str, int] = {}
FIRST_BATCH = 4  # most mutants fall to one of the first scenarios, and a stack serves a whole batch
STACK_SECONDS = 2.0  # the start of a stack, roughly; without it the shortest scenario would always come first
MESSAGE_CHARACTERS = 300
WHOLE_RUN = "the run as a whole"
UNSOUND = "no scenario of its line passes on the unmutated services"

Run = Callable[[Sequence[str], Path, Mapping[str, str]], SubRun]


class Outcome(StrEnum):
    """How the attempt of a mutant ends."""

    KILLED = "killed"  # by an assertion
    AT_START = "killed at start-up"  # no stack came up, so no scenario looked at the defect
    INCONCLUSIVE = "inconclusive"
    SURVIVED = "survived"
    NOT_COVERED = "not covered"  # no scenario runs the line: it counts as survived


class Attempt(msgspec.Struct, frozen=True):
    """How a mutant ended. `scenarios` ran with the defect. Each is `file: name`.

    `killer` is the one that failed by assertion with `message`. Of an inconclusive attempt it is the one without a verdict.
    """

    name: str
    outcome: Outcome
    killer: str = ""
    message: str = ""
    scenarios: tuple[str, ...] = ()


def chosen(places: Sequence[Place], record: LineRecord, limit: int, near: Mapping[str, int] = NONE_NEAR) -> list[Ran]:
    """At most `limit` scenarios that run one of these places: short ones with rare lines of their files, of several features.

    Every second one is of a topology of `near`. A setting is read at the start, and the scenario that is for it may run no line here.
    Rows of one outline do the same, so one of them comes first.
    """
    found = record.running(places)
    nearness = dict.fromkeys(((ran.file, ran.name) for ran in found), 0.0)
    for file in {file for file, _ in places}:
        masks = {(ran.file, ran.name): _mask(ran, file) for ran in record.scenarios}
        shares = _shares(masks.values())
        # A line that each scenario runs, as at the start or in a background loop, says nothing about what a scenario is for.
        for ran in found:
            mask = masks[ran.file, ran.name]
            rare = sum(share for line, share in shares.items() if mask >> line & 1)
            nearness[ran.file, ran.name] += rare / (STACK_SECONDS + ran.seconds)
    taken: list[Ran] = []
    of_feature: Counter[str] = Counter()
    of_outline: Counter[str] = Counter()

    def value(ran: Ran, worth: float) -> tuple[float, int, str]:
        known = (1 + of_feature[ran.file]) * (1 + ROW_FACTOR * of_outline[_outline(ran)])
        return worth / known, -ran.count(), ran.name

    while found and len(taken) < limit:
        if len(taken) % 2 and any(ran.topology in near for ran in found):
            best = max(found, key=lambda ran: value(ran, near.get(ran.topology, 0) ** NEAR_POWER / (STACK_SECONDS + ran.seconds)))
        else:
            best = max(found, key=lambda ran: value(ran, nearness[ran.file, ran.name]))
        found.remove(best)
        of_feature[best.file] += 1
        of_outline[_outline(best)] += 1
        taken.append(best)
    return taken


@dataclass
class Attempts:
    """Tries mutants, several at a time. `places` tells what a scenario must run to depend on one, `topologies` where it probably does.

    `sound` has the scenarios that passed on the unmutated services, and those that did not.
    """

    root: Path
    record: LineRecord
    places: Callable[[Edit], list[Place]]
    topologies: Callable[[Edit], Mapping[str, int]]
    folder: Path
    seed: int
    limit: int
    sound: dict[str, bool] = field(default_factory=dict)
    run: Run = subrun.carry_out
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def carry_out(self, edit: Edit) -> Attempt:
        """Plant the mutant in a copy of the services and run its scenarios, in two batches."""
        found = chosen(self.places(edit), self.record, self.limit, self.topologies(edit))
        if not found:
            return Attempt(edit.name, Outcome.NOT_COVERED)
        scenarios = [ran for ran in found if self.sound.get(title(ran), True)]
        with tempfile.TemporaryDirectory(prefix="hivecheck-generated-") as folder:
            expected = edit.plant(self.root, Path(folder), self.record.source_hash)
            ended = Attempt(edit.name, Outcome.SURVIVED)
            for batch in (scenarios[:FIRST_BATCH], scenarios[FIRST_BATCH:]):
                while batch and ended.outcome in (Outcome.SURVIVED, Outcome.INCONCLUSIVE):
                    run = self.start(batch, Path(folder), self.folder / edit.name)
                    one = self._proven(judged(edit.name, run, expected), batch)
                    left = [ran for ran in batch if title(ran) not in one.scenarios and self.sound.get(title(ran), True)]
                    ended = after(ended, one)
                    # Nothing ran, or everything did: the next run of this batch would be the same.
                    batch = left if len(left) < len(batch) else []
        is_untried = ended.outcome == Outcome.SURVIVED and not ended.scenarios
        return Attempt(edit.name, Outcome.INCONCLUSIVE, message=UNSOUND) if is_untried else ended

    def _proven(self, attempt: Attempt, batch: Sequence[Ran]) -> Attempt:
        """The attempt without a scenario that does not pass on the unmutated services either."""
        red = next((ran for ran in batch if title(ran) == attempt.killer), None)
        if red is None or self._is_sound(red):
            return attempt
        return Attempt(attempt.name, Outcome.SURVIVED, scenarios=tuple(name for name in attempt.scenarios if name != title(red)))

    def _is_sound(self, ran: Ran) -> bool:
        """Whether the scenario passes on the unmutated services. One run decides for the whole sample."""
        with self._lock:
            if title(ran) not in self.sound:
                run = self.start([ran], self.root, self.folder / "unmutated")
                is_proven = run.exit_code == 0 and run.source_hash == source_hash(self.root / "services")
                self.sound[title(ran)] = is_proven and bool(run.with_status("passed"))
            return self.sound[title(ran)]

    def start(self, batch: Sequence[Ran], services_root: Path, report_dir: Path) -> SubRun:
        """Run these scenarios alone, up to the first one that does not pass."""
        options = sorted({ran.file for ran in batch})
        for ran in batch:
            options += ["--name", f"^{re.escape(ran.name)}$"]
        options += ["--seed", str(self.seed), "--platform", PLATFORM, "--jobs", "1", "--stop"]
        options += ["-D", f"services_root={services_root}", *subrun.AS_IT_IS]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVECHECK_")}
        return self.run(options, report_dir, environment)


def judged(name: str, run: SubRun, expected_hash: str) -> Attempt:
    """The outcome that a run of a mutant shows. Pure."""
    ran = tuple(_title(one) for one in run.scenarios.values() if one["status"] in ("passed", "failed", "inconclusive"))
    failed = [one for one in run.scenarios.values() if one["status"] == "failed"]
    killers = [one for one in failed if not one.get("is_start_failure")]
    if killers:
        return Attempt(name, Outcome.KILLED, _title(killers[0]), _short(killers[0]["message"]), ran)
    blocked = [one for one in run.scenarios.values() if one["status"] == "blocked" and one["reason"] != Reason.USAGE_ERROR]
    # A stack that does not come up shows a defect, but no scenario looked at it.
    if failed or blocked:
        return Attempt(name, Outcome.AT_START, "", _short((failed or blocked)[0]["message"]), ran)
    orphans = [one for one in run.problems if not one["reason"]]
    if orphans and run.exit_code == 1:
        return Attempt(name, Outcome.KILLED, WHOLE_RUN, _short(orphans[0]["title"]), ran)
    if run.exit_code != 0:
        doubt = next((one for one in run.scenarios.values() if one["status"] == "inconclusive"), None)
        message = doubt["message"] if doubt else run.output.strip().rpartition("\n")[2]
        return Attempt(name, Outcome.INCONCLUSIVE, _title(doubt) if doubt else "", _short(message), ran)
    # ADR 8: a mutant that survived may not have run.
    if run.source_hash != expected_hash:
        return Attempt(name, Outcome.INCONCLUSIVE, "", f"its nodes ran source {run.source_hash or 'unknown'}, not {expected_hash}", ran)
    return Attempt(name, Outcome.SURVIVED, scenarios=ran)


def after(earlier: Attempt, later: Attempt) -> Attempt:
    """The attempt of both runs of a mutant. A later kill counts, and an earlier doubt outweighs a later survival. Pure."""
    worst = earlier if earlier.outcome == Outcome.INCONCLUSIVE and later.outcome == Outcome.SURVIVED else later
    return msgspec.structs.replace(worst, scenarios=(*earlier.scenarios, *later.scenarios))


def title(ran: Ran) -> str:
    return f"{ran.file}: {ran.name}"


def _title(scenario: Mapping[str, object]) -> str:
    return f"{scenario['file']}: {scenario['name']}"


def _short(message: object) -> str:
    return " ".join(str(message).split())[:MESSAGE_CHARACTERS]


def _outline(ran: Ran) -> str:
    """The feature and the scenario, without the number of a row."""
    return title(ran).partition(" [")[0]


def _mask(ran: Ran, file: str) -> int:
    """The lines of a file that a scenario ran, of all services."""
    mask = 0
    for files in ran.lines.values():
        mask |= int(files.get(file, "0"), 16)
    return mask


def _shares(masks: Iterable[int]) -> dict[int, float]:
    """For each line: one divided among the scenarios that run it."""
    counts: Counter[int] = Counter()
    for mask in masks:
        while mask:
            lowest = mask & -mask
            counts[lowest.bit_length() - 1] += 1
            mask ^= lowest
    return {line: 1 / count for line, count in counts.items()}
