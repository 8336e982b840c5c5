"""The record of lines: which scenario runs which line of the services in which process. Made once for each state of `services/`."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec

from hivecheck.errors import MutantError
from hivecheck.mutation.generated import line_marks
from hivecheck.reports import whole_file
from hivecheck.rerun import subrun
from hivecheck.run import line_hits
from hivecheck.source_hash import source_hash
from hivecheck.wording import counted

FILE = "line-record.json"  # in the report folder, beside the durations of scenarios
FORMAT = 1
RECORDING_SECONDS = 4 * 3600.0
PLATFORM = "process"  # the marks lie in files that a node shares with the harness

Lines = dict[str, dict[str, str]]  # service -> file -> its lines as the bits of a hexadecimal number


class Ran(msgspec.Struct, frozen=True):
    """The lines that one scenario ran, and its seconds while they were recorded."""

    file: str
    name: str
    topology: str
    seconds: float
    lines: Lines

    def services(self, file: str, line: int) -> list[str]:
        """The services that ran the line, each in a process of its own."""
        return [service for service, files in self.lines.items() if _has(files, file, line)]

    def count(self) -> int:
        """How many lines it ran, counted for each service."""
        return sum(int(mask, 16).bit_count() for files in self.lines.values() for mask in files.values())


class LineRecord(msgspec.Struct):
    """`starts` has the lines that run before the first scenario of a topology. `is_whole`: each integration scenario is in it."""

    source_hash: str
    is_whole: bool = False
    scenarios: list[Ran] = []
    starts: dict[str, Lines] = {}
    format: int = FORMAT

    def running(self, places: Sequence[tuple[str, int]]) -> list[Ran]:
        """The scenarios that run one of these lines of files, and those of each topology that runs one at its start.

        A scenario that restarts a node runs the lines of its start too, and so tells no more about them than any other.
        """
        topologies = {
            topology
            for topology, services in self.starts.items()
            if any(_has(files, *place) for files in services.values() for place in places)
        }
        return [ran for ran in self.scenarios if ran.topology in topologies or any(ran.services(*place) for place in places)]

    def merged(self, other: LineRecord) -> LineRecord:
        """Both records. A scenario of `other` replaces the same one of this record."""
        again = {(ran.file, ran.name) for ran in other.scenarios}
        kept = [ran for ran in self.scenarios if (ran.file, ran.name) not in again]
        starts = dict(self.starts)
        for topology, lines in other.starts.items():
            starts[topology] = united(starts.get(topology, {}), lines)
        return LineRecord(self.source_hash, self.is_whole or other.is_whole, [*kept, *other.scenarios], starts)


def load(path: Path, source: str) -> LineRecord | None:
    """The record of this source hash; None for a missing file, another source, or a file that nothing can read."""
    try:
        record = msgspec.json.decode(path.read_bytes(), type=LineRecord)
    except (OSError, msgspec.DecodeError):
        return None
    return record if record.format == FORMAT and record.source_hash == source else None


def save(path: Path, record: LineRecord) -> None:
    """Keep the record."""
    whole_file.write(path, msgspec.json.encode(record))


def record(root: Path, features: Sequence[str], report_dir: Path, *, seed: int, jobs: int, out: TextIO) -> LineRecord:
    """Run the scenarios of these features (of all for none) on nodes that mark their lines, and keep the record in the report folder.

    A scenario that misses a time limit there is recorded too. Raises MutantError without any record.
    """
    source = source_hash(root / "services")
    out.write(f"recording the lines of {', '.join(features) or 'every scenario'} on {PLATFORM}\n")
    out.flush()
    with tempfile.TemporaryDirectory(prefix="hivecheck-record-") as folder:
        overlay = Path(folder)
        table = prepare(root, overlay)
        options = [*(features or ("--tags", "@integration")), "--seed", str(seed), "--platform", PLATFORM, "--jobs", str(jobs)]
        options += ["-D", f"services_root={overlay}", *subrun.AS_IT_IS]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVECHECK_")}
        run = subrun.carry_out(options, report_dir / "record", environment, RECORDING_SECONDS)
        seconds = {(str(one["file"]), str(one["name"])): float(one["seconds"]) for one in run.scenarios.values()}
        fresh = assemble(entries(overlay), table, seconds, source, is_whole=not features and run.exit_code is not None)
    if not fresh.scenarios:
        raise MutantError(f"expected: scenarios that run\nactual: {run.output.strip()[-1000:]}\nnext: see them pass with `hivecheck run`")
    known = load(report_dir / FILE, source)
    whole = known.merged(fresh) if known and features else fresh
    save(report_dir / FILE, whole)
    red = len(run.scenarios) - len(run.with_status("passed"))
    note = f"; {counted(red, 'scenario')} did not pass there, which the marks or a busy machine explain" if red else ""
    out.write(f"recorded: {counted(len(fresh.scenarios), 'scenario')}{note}\n")
    out.flush()
    return whole


def prepare(root: Path, overlay: Path) -> dict[str, int]:
    """Copy `services/` into the overlay, beside the program that marks lines. Returns the first offset of each file."""
    shutil.copytree(root / "services", overlay / "services", ignore=shutil.ignore_patterns("__pycache__"))
    table, size = {}, 0
    for path in sorted((overlay / "services").rglob("*.py")):
        table[path.relative_to(overlay).as_posix()] = size
        size += len(path.read_text(encoding="utf-8").splitlines()) + 1
    (overlay / line_hits.FOLDER).mkdir()
    (overlay / line_hits.FOLDER / "table.json").write_text(json.dumps(table | {"": size}), encoding="utf-8")
    shutil.copyfile(line_marks.__file__, overlay / "sitecustomize.py")
    return table


def entries(overlay: Path) -> list[dict[str, Any]]:
    """What the harness wrote about the nodes of this overlay, in the order of each of its processes."""
    paths = sorted((overlay / line_hits.FOLDER).glob(line_hits.RECORDS))
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def assemble(
    written: Iterable[Mapping[str, Any]],
    table: Mapping[str, int],
    seconds: Mapping[tuple[str, str], float],
    source: str,
    *,
    is_whole: bool,
) -> LineRecord:
    """The record from what the harness has written. Pure."""
    fresh = LineRecord(source, is_whole)
    for entry in written:
        lines = {service: _by_file(offsets, table) for service, offsets in entry["hits"].items()}
        if entry["scenario"] is None:
            fresh.starts[entry["topology"]] = united(fresh.starts.get(entry["topology"], {}), lines)
        else:
            file, name = entry["scenario"]
            fresh.scenarios.append(Ran(file, name, entry["topology"], seconds.get((file, name), 0.0), lines))
    return fresh


def united(one: Lines, other: Lines) -> Lines:
    """The lines of both."""
    union: Lines = {service: dict(files) for service, files in one.items()}
    for service, files in other.items():
        own = union.setdefault(service, {})
        for file, mask in files.items():
            own[file] = f"{int(own.get(file, '0'), 16) | int(mask, 16):x}"
    return union


def _by_file(offsets: Iterable[int], table: Mapping[str, int]) -> dict[str, str]:
    bases = sorted(((base, file) for file, base in table.items() if file), reverse=True)
    masks: dict[str, int] = {}
    for offset in offsets:
        base, file = next((base, file) for base, file in bases if base <= offset)
        masks[file] = masks.get(file, 0) | 1 << (offset - base)
    return {file: f"{mask:x}" for file, mask in masks.items()}


def _has(files: Mapping[str, str], file: str, line: int) -> bool:
    return bool(int(files.get(file, "0"), 16) >> line & 1)
