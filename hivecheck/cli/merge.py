"""`hivecheck merge`: one result from those of the parts of a plan."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hivecheck.cli.arguments import Commands, command, settings
from hivecheck.errors import UsageError
from hivecheck.reports import junit, result_data, split
from hivecheck.reports.console import progress_for
from hivecheck.reports.result import exit_code
from hivecheck.run.durations import Durations
from hivecheck.run.run_reports import write_json
from hivecheck.settings import DURATIONS_FILE
from hivecheck.wording import counted

RESULT = "result.json"
JUNIT = "junit.xml"


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "merge", merge, _options)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", nargs="+", metavar="PART", help=f"the report folder of a run with --split, or its {RESULT}")
    parser.add_argument("--output", metavar="DIR", help="where the reports of the whole plan go; default: merged, in the report folder")


def merge(arguments: argparse.Namespace) -> int:
    """Join the results of `hivecheck run --split` into one; the exit code is that of the whole plan."""
    own = settings(arguments)
    output = Path(arguments.output).resolve() if arguments.output else own.report_dir / "merged"
    # A pattern such as reports/* finds the output of the last merge too.
    files = [file for file in map(_file, arguments.parts) if file.resolve() != output / RESULT]
    try:
        results = [result_data.result(file) for file in files]
    finally:
        for name in (JUNIT, RESULT):  # a refused merge must not leave a report, which a reader would take for its own
            output.joinpath(name).unlink(missing_ok=True)
    if not files:
        raise UsageError(
            f"expected: the results of parts\nactual: only that of an earlier merge, {output}\nnext: give the folder of each part"
        )
    whole = split.merged([str(file) for file in files], results)
    output.mkdir(parents=True, exist_ok=True)
    junit.write(whole, output / JUNIT)
    write_json(output / RESULT, result_data.data(whole))
    measured = Durations.load(output / DURATIONS_FILE, whole.platform)
    measured.take(whole.outcomes)
    measured.save()
    progress = progress_for(sys.stdout, own.ci)
    progress.say(f"hivecheck  {counted(len(files), 'part')}, {counted(len(whole.outcomes), 'scenario')}")
    progress.run_finished(whole, output / JUNIT, output)
    return exit_code(whole)


def _file(part: str) -> Path:
    """The result of a part. Raises UsageError for a folder without one."""
    path = Path(part)
    file = path / RESULT if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            f"expected: {RESULT} of each part\nactual: there is no {file}\nnext: see the output of that run, and run its part again"
        )
    return file
