"""`hivecheck mutate --generated`: draws mutants, tries each, prints the score. It continues a sample that had no time to end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import msgspec

from hivecheck.errors import MutantError
from hivecheck.mutation.generated import draw, line_record, listed, operators, score, uses
from hivecheck.mutation.generated.attempt import Attempt, Attempts
from hivecheck.mutation.generated.edit import Edit
from hivecheck.mutation.generated.line_record import LineRecord
from hivecheck.reports import whole_file
from hivecheck.source_hash import source_hash
from hivecheck.wording import counted

FOLDER = "generated"  # below the report folder
STATE_FORMAT = 1
NOTHING = "No line of services/ differs from the commit of --since, or none of the lines has a mutant. There is nothing to do."


@dataclass(frozen=True)
class Sample:
    """What to try. `wanted` is a number of mutants, or the name of one. `minutes` bounds the time in which an attempt can start."""

    root: Path
    wanted: str
    seed: int
    report_dir: Path
    jobs: int = 1
    since: str | None = None
    minutes: float | None = None
    scenarios: int = 12
    record: Sequence[str] | None = None  # features to record again, an empty list for all, None for what is missing

    @property
    def folder(self) -> Path:
        return self.report_dir / FOLDER


class State(msgspec.Struct):
    """The attempts so far. Another sample, another source or another format does not continue them."""

    sample: list[str]
    attempts: dict[str, Attempt] = {}
    sound: dict[str, bool] = {}
    format: int = STATE_FORMAT


def carry_out(sample: Sample, out: TextIO) -> int:
    """Draw, record lines if need be, try, and report. Returns the exit code: 0 no gap, 1 a gap, 2 no verdict. Raises MutantError."""
    texts = {
        path.relative_to(sample.root).as_posix(): path.read_text(encoding="utf-8") for path in (sample.root / "services").rglob("*.py")
    }
    source = source_hash(sample.root / "services")
    lists = listed.load(sample.root / "mutants")
    edits = chosen(sample, operators.of_services(sample.root), texts)
    if not edits:
        _say(out, NOTHING)
        return 0
    lines = _line_record(sample, source, out)
    settings = {path.stem: path.read_text(encoding="utf-8") for path in (sample.root / "hivecheck" / "topologies").glob("*.toml")}
    state = _state(sample, source)
    _say(out, f"{counted(len(edits), 'generated mutant')}, seed {sample.seed}, source {source}; {len(state.attempts)} tried before")
    index = uses.index(texts)
    attempts = Attempts(
        sample.root,
        lines,
        lambda edit: uses.places(edit, texts[edit.file], index),
        lambda edit: uses.topologies(edit, settings),
        sample.folder,
        sample.seed,
        sample.scenarios,
        state.sound,
    )
    writing = threading.Lock()
    deadline = time.monotonic() + 60 * sample.minutes if sample.minutes is not None else None

    def try_one(edit: Edit) -> None:
        if edit.name in state.attempts or (deadline is not None and time.monotonic() > deadline):
            return
        attempt = attempts.carry_out(edit)
        with writing:
            state.attempts[edit.name] = attempt
            whole_file.write(sample.folder / "state.json", msgspec.json.encode(state))
            _say(out, f"{attempt.outcome}: {edit.name}  {edit.family}  {edit.file}:{edit.lines[0]}  {attempt.killer}".rstrip())

    with ThreadPoolExecutor(max_workers=sample.jobs) as pool:
        list(pool.map(try_one, edits))
    mutants = score.tried(edits, state.attempts, {edit.name: edit.diff(texts[edit.file]) for edit in edits}, lists)
    report = json.dumps(score.data(mutants, sample.seed, source), indent=1)
    whole_file.write(sample.folder / "generated.json", f"{report}\n".encode())
    if all(one.attempt for one in mutants):
        (sample.folder / "state.json").unlink(missing_ok=True)  # the next run of this sample tries each mutant again
    _say(out, *score.lines(mutants, sample.seed))
    return score.exit_code(mutants)


def chosen(sample: Sample, edits: Sequence[Edit], texts: dict[str, str]) -> list[Edit]:
    """The mutants of the sample, in the order of the draw. Raises MutantError for a name that no mutant has."""
    if not sample.wanted.isdecimal():
        found = [edit for edit in edits if edit.name == sample.wanted]
        if not found:
            raise MutantError(
                f"expected: a number, or the name of a generated mutant\nactual: {sample.wanted}\n"
                f"next: take a name of {sample.folder / 'generated.json'}; a change of its line gives a mutant another name"
            )
        return found
    if sample.since:
        edits = draw.touching(edits, draw.changed_lines(sample.root, sample.since))
    return draw.drawn(edits, int(sample.wanted), sample.seed, lambda edit: operators.is_mutant(edit, texts[edit.file]))


def _line_record(sample: Sample, source: str, out: TextIO) -> LineRecord:
    """The record of lines: the kept one, unless it is of another source, not whole, or to be made again."""
    known = line_record.load(sample.report_dir / line_record.FILE, source)
    if sample.record is None and known is not None:
        if not known.is_whole:
            _say(out, f"The record of lines has {counted(len(known.scenarios), 'scenario')}, not all. `--record` records every scenario.")
        return known
    sample.report_dir.mkdir(parents=True, exist_ok=True)
    return line_record.record(sample.root, sample.record or (), sample.report_dir, seed=sample.seed, jobs=sample.jobs, out=out)


def _state(sample: Sample, source: str) -> State:
    """The state of an earlier run of this sample, or a new one."""
    own = [source, sample.wanted, str(sample.seed), sample.since or "", str(sample.scenarios)]
    try:
        state = msgspec.json.decode((sample.folder / "state.json").read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return State(own)
    return state if state.sample == own and state.format == STATE_FORMAT else State(own)


def _say(out: TextIO, *lines: str) -> None:
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()
