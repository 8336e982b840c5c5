"""`hivecheck compare`: what changed between two results beyond noise, and what did not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hivecheck.cli.arguments import Commands, command, say, whole_number
from hivecheck.errors import UsageError

if TYPE_CHECKING:
    from hivecheck.measurement.comparison import Comparison
    from hivecheck.measurement.recovery_comparison import RunComparison

KINDS = "two JSON results of `hivecheck load`, two result.json of `hivecheck run`, or two soak.json of `hivecheck soak`"
RESULTS = ("result.json", "load.json", "soak.json")  # in the folder of a run
FORMATS = {"load": 1, "soak": 1}


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "compare", compare, _options)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help=f"the earlier result: {KINDS}; or the folder of the run")
    parser.add_argument("b", metavar="B", help="the later result, of the same kind")
    parser.add_argument("--tolerance", type=_share, default=0.05, metavar="SHARE", help="a smaller relative change is no regression; 0.05")
    parser.add_argument("--across-plans", action="store_true", help="judge results of different plans, such as two models")
    parser.add_argument("--json", metavar="FILE", dest="json_file", help="write the comparison for programs too")
    parser.add_argument("--seed", type=whole_number, default=0, help="of the bootstrap")


def compare(arguments: argparse.Namespace) -> int:
    """Compare two results; exit code 1 for a regression beyond noise and above the tolerance, 2 if they are not comparable."""
    # Here and not above: most commands can do without the tables.
    from hivecheck.reports import comparison_table
    from hivecheck.run.run_reports import write_json

    files = [_file(arguments.a), _file(arguments.b)]
    contents = [_content(file) for file in files]
    kinds = [_kind(content, file) for content, file in zip(contents, files, strict=True)]
    if kinds[0] != kinds[1]:
        raise UsageError(
            f"expected: {KINDS}\nactual: {files[0]} is of a {kinds[0]}, {files[1]} of a {kinds[1]}\nnext: give two of one kind"
        )
    say(*(f"{name}  {file}{_headline(content)}" for name, file, content in zip("AB", files, contents, strict=True)), "")
    if kinds[0] == "load":
        _must_be_valid(files, contents)
        found = _compared_loads(files, contents, arguments)
        code = comparison_table.code_of_loads(found, is_across_plans=arguments.across_plans)
        say(*comparison_table.of_loads(found, code, arguments.tolerance))
        written = comparison_table.data(found, code, arguments.tolerance, arguments.seed)
    else:
        compared = _compared_soaks if kinds[0] == "soak" else _compared_runs
        runs = compared(files, arguments.tolerance, arguments.seed)
        code = comparison_table.code_of_runs(runs)
        say(*comparison_table.of_runs(runs, code, arguments.tolerance))
        written = comparison_table.data(runs, code, arguments.tolerance, arguments.seed)
    if arguments.json_file:
        write_json(Path(arguments.json_file), written | {"a": str(files[0]), "b": str(files[1])})
    return code


def _compared_loads(files: list[Path], contents: list[Mapping[str, Any]], arguments: argparse.Namespace) -> Comparison:
    from hivecheck.measurement import comparison

    try:
        return comparison.compare(contents[0], contents[1], tolerance=arguments.tolerance, seed=arguments.seed)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f"expected: {KINDS}\nactual: {files[0]} or {files[1]} lacks a part of a load result: {error}\nnext: repeat that load"
        ) from error


def _compared_runs(files: list[Path], tolerance: float, seed: int) -> RunComparison:
    from hivecheck.measurement import recovery_comparison
    from hivecheck.reports import result_data

    a, b = ({f"{one.planned.file}: {one.planned.name}": one for one in result_data.outcomes(file)} for file in files)
    recoveries = [{name: one.recovery for name, one in side.items() if one.recovery} for side in (a, b)]
    switches, pooled, single = recovery_comparison.recoveries(*recoveries, tolerance=tolerance, seed=seed)
    statuses = recovery_comparison.statuses(*({name: one.status.value for name, one in side.items()} for side in (a, b)))
    return recovery_comparison.RunComparison(
        (*statuses, *switches), tuple(pooled), tuple(single), len(a.keys() & b.keys()), len(recoveries[0].keys() & recoveries[1].keys())
    )


def _compared_soaks(files: list[Path], tolerance: float, seed: int) -> RunComparison:
    """The parts of the verdict are compared as scenarios are, and the rounds with faults as recoveries."""
    from hivecheck.measurement import recovery_comparison
    from hivecheck.reports import result_data

    contents = [_content(file) for file in files]
    try:
        recoveries = [{name: result_data.recovery(one) for name, one in content["recoveries"].items()} for content in contents]
        verdicts = [{name: str(one["answer"]) for name, one in content["verdicts"].items()} for content in contents]
        leaks = recovery_comparison.leaks(contents[0]["leaks"], contents[1]["leaks"])
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"expected: {KINDS}\nactual: {files[0]} or {files[1]} lacks a part of a soak: {error}\nnext: repeat that soak"
        ) from error
    switches, pooled, single = recovery_comparison.recoveries(*recoveries, tolerance=tolerance, seed=seed)
    statuses = recovery_comparison.statuses(*verdicts)
    shared = recoveries[0].keys() & recoveries[1].keys()
    parts = len(verdicts[0].keys() & verdicts[1].keys())
    return recovery_comparison.RunComparison(
        (*statuses, *leaks, *switches), tuple(pooled), tuple(single), parts, len(shared), noun="verdict"
    )


def _must_be_valid(files: list[Path], contents: list[Mapping[str, Any]]) -> None:
    """Raises UsageError for a load that judged itself invalid."""
    for file, content in zip(files, contents, strict=True):
        if not content.get("valid"):
            reasons = "; ".join(one["sentence"] for one in content.get("invalid_reasons", [])) or "without a reason"
            raise UsageError(f"expected: two valid results\nactual: {file} is INVALID: {reasons}\nnext: repeat that load")


def _headline(content: Mapping[str, Any]) -> str:
    wanted = {"model": content.get("plan", {}).get("model"), "seed": content.get("seed"), "platform": content.get("platform")}
    return "".join(f"  {name} {value}" for name, value in wanted.items() if value is not None)


def _kind(content: Mapping[str, Any], file: Path) -> str:
    kind = str(content.get("kind"))
    if kind in FORMATS:
        if content.get("format") != FORMATS[kind]:
            raise UsageError(
                f"expected: a {kind} result of format {FORMATS[kind]}\nactual: {file} has format {content.get('format')}\n"
                "next: use a newer hivecheck"
            )
        return kind
    if "scenarios" in content:
        return "run"
    raise UsageError(f"expected: {KINDS}\nactual: {file} is another JSON file\nnext: give the file of `hivecheck load --json`")


def _file(text: str) -> Path:
    path = Path(text)
    file = next((path / name for name in RESULTS if (path / name).is_file()), path / RESULTS[0]) if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"expected: {KINDS}\nactual: there is no {file}\nnext: look up the name of the file")
    return file


def _content(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"expected: {KINDS}\nactual: {file}: {error}\nnext: repeat what makes this file") from error
    if not isinstance(content, dict):
        raise UsageError(f"expected: {KINDS}\nactual: {file} holds another kind of JSON\nnext: look up the name of the file")
    return content


def _share(text: str) -> float:
    """The type of an option that is a share. 5 % is 0.05."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to 1 such as 0.05, not {text!r}")
    return value
