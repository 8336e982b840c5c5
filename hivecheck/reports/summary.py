"""The lines that a person reads about a run. Pure: console.py prints them.

The end is read upwards from the prompt: the verdict, the reports, the counts, the failures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePath

from hivecheck.errors import Reason
from hivecheck.reports import recovery_table
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult, Status, exit_code, in_plan_order
from hivecheck.reports.text import causes, message_of, one_line, reason_line, relative_path, story, visible
from hivecheck.wording import counted

STYLES = {
    Status.PASSED: "green",
    Status.FAILED: "bold red",
    Status.INCONCLUSIVE: "bold yellow",
    Status.NOT_SUPPORTED: "dim",
    Status.BLOCKED: "yellow",
    Status.NOT_RUN: "yellow",
    Status.FLAKY: "bold red",
    Status.KNOWN_FAILURE: "dim",
    Status.UNEXPECTED_PASS: "bold red",
}
_VERDICTS = (("PASSED", "bold green"), ("FAILED", "bold red"), ("NO VERDICT", "bold yellow"), ("HARNESS CRASHED", "bold red"))
_STATUS_WIDTH = max(len(status) for status in Status)
# The worst comes last, because the end of the output is still on the screen.
_LISTED = (
    *(Status.KNOWN_FAILURE, Status.NOT_RUN, Status.BLOCKED, Status.INCONCLUSIVE),
    *(Status.FLAKY, Status.UNEXPECTED_PASS, Status.FAILED),
)
_COUNTED = (Status.PASSED, Status.FAILED, Status.INCONCLUSIVE, Status.NOT_SUPPORTED)  # in the last line, also when there is none
UNEVENTFUL = (Status.PASSED, Status.NOT_SUPPORTED)  # what a quiet run leaves out
_NEVER_STARTED = (Status.NOT_RUN, Status.BLOCKED)


@dataclass(frozen=True)
class Line:
    """One line of output: `head` in `style` where there are colours, then `text`."""

    head: str = ""
    text: str = ""
    style: str = ""


def opening(plan: Sequence[Planned], seed: int, platform: str, target: str, report: str) -> list[Line]:
    """The plan and the seed, so that even a killed run can be repeated."""
    unsupported = sum(1 for planned in plan if planned.unsupported_reason is not None)
    count = counted(len(plan), "scenario") + (f" ({unsupported} not supported here)" if unsupported else "")
    return [Line("hivecheck", f"  {count}  platform {platform}  target {target}  seed {seed}  report {report}", "bold")]


def jobs(count: int) -> Line:
    return Line("jobs", f"  {counted(count, 'stack')} side by side (--jobs 1 runs one scenario after the other)", "bold")


def problem(found: RunProblem) -> Line:
    """As soon as there is one. The end of the run has its whole text."""
    return Line("problem", f"  {one_line(found.title)}", "bold yellow")


def stack_starting(topology: str) -> Line:
    return Line("stack", f"  {one_line(topology)} is starting", "bold")


def stack_ready(topology: str, seconds: float, urls: Mapping[str, str]) -> list[Line]:
    width = max((len(name) for name in urls), default=0)
    addresses = [Line(text=f"  {one_line(name):<{width}}  {one_line(url)}") for name, url in urls.items()]
    return [Line("stack", f"  {one_line(topology)} is ready after {_duration(seconds)}", "bold"), *addresses]


def finished(outcome: Outcome, requirements_width: int = 0) -> Line:
    """One line for one scenario: status, time, requirements, name, place, reason code."""
    has_time = outcome.status not in (*_NEVER_STARTED, Status.NOT_SUPPORTED)
    time = f"{outcome.seconds:.2f}s" if has_time else ""
    text = f"  {time:>7}  {_requirements(outcome.planned):<{requirements_width}}  {_name_and_place(outcome.planned)}"
    text += f"  ({outcome.reason})" if outcome.reason else ""
    return Line(f"{outcome.status:<{_STATUS_WIDTH}}", text, STYLES[outcome.status])


def requirements_width(plan: Iterable[Planned]) -> int:
    """The width of the column of requirement IDs."""
    return max((len(_requirements(planned)) for planned in plan), default=0)


def ending(result: RunResult, junit_path: Path | None, report_dir: Path, folder: Path) -> Iterator[Line]:
    """The lines after the last scenario. `junit_path` is None when that report could not be written."""
    yield from _not_supported(result)
    for status in _LISTED:
        yield from _stories(result, status, folder)
    yield from _problems_of_the_run(result)
    yield from _recoveries(result)
    yield from _table(result)
    yield Line()
    seeds = result.properties.get("seeds")  # of a merged run with several
    yield Line(text=f"seeds {seeds} of the parts" if seeds else f"seed {result.seed} (repeat with --seed {result.seed})")
    yield Line(text=f"JUnit {relative_path(junit_path, folder)}" if junit_path else "JUnit report: not written, the error is above")
    yield Line(text=f"report {relative_path(report_dir, folder)}")
    yield verdict(result)


def verdict(result: RunResult) -> Line:
    """The last line: the verdict, its causes, the counts that the causes lack, the exit code."""
    code, why = exit_code(result), causes(result)
    word, style = _VERDICTS[code]
    known = {status for status in (Status.FAILED, Status.INCONCLUSIVE, Status.UNEXPECTED_PASS) if result.count(status)}
    known |= {Status.FLAKY} if result.blames_flaky else set()
    further = [status for status in (Status.FLAKY, Status.KNOWN_FAILURE) if result.count(status)]
    shown = [status for status in (*_COUNTED, *further) if status not in known]
    counts = ", ".join(f"{result.count(status)} {status}" for status in shown) if result.outcomes else ""
    parts = "; ".join(part for part in (", ".join(why), counts) if part)
    return Line(word, f"  {parts} in {_duration(result.seconds)} (exit {code})", style)


def _not_supported(result: RunResult) -> Iterator[Line]:
    missing_capabilities = sorted((outcome for outcome in result.outcomes if outcome.status is Status.NOT_SUPPORTED), key=message_of)
    for reason, outcomes in groupby(missing_capabilities, key=message_of):
        yield Line()
        yield Line("not supported", f"  {reason}", STYLES[Status.NOT_SUPPORTED])
        yield from _listed(in_plan_order(outcomes))


def _stories(result: RunResult, status: Status, folder: Path) -> Iterator[Line]:
    """A block for each scenario. Scenarios that did not start for the same reason share one, or they would hide the failures."""
    outcomes = in_plan_order(outcome for outcome in result.outcomes if outcome.status is status)
    if status in _NEVER_STARTED:
        # groupby joins only neighbours.
        outcomes.sort(key=message_of)
    for _, group in groupby(outcomes, key=message_of if status in _NEVER_STARTED else lambda outcome: outcome.planned.key):
        yield from _block(result, list(group), folder)


def _block(result: RunResult, outcomes: list[Outcome], folder: Path) -> Iterator[Line]:
    first, *others = outcomes
    yield Line()
    if others:
        yield Line(
            first.status.upper(), f"  {counted(len(outcomes), 'scenario')} for one reason, details of the first", STYLES[first.status]
        )
        yield from _listed(outcomes)
    else:
        yield Line(first.status.upper(), f"  {_requirements(first.planned)}  {_name_and_place(first.planned)}", STYLES[first.status])
    yield from (Line(text=f"  {line}".rstrip()) for line in story(result, first, folder))


def _problems_of_the_run(result: RunResult) -> Iterator[Line]:
    # Orphans last, as in `_LISTED`: they count against the system under test, the other problems do not.
    for problem in sorted(result.problems, key=lambda problem: problem.is_orphan):
        yield from _problem(problem)
    if result.crash is not None:
        yield Line()
        yield Line("HARNESS CRASHED", "  this is a defect of hivecheck, not of the stack; please report it with these lines", "bold red")
        yield from _indented(result.crash)


def _problem(problem: RunProblem) -> Iterator[Line]:
    head = "REFUSED" if problem.reason is Reason.USAGE_ERROR else "HARNESS"
    head, style = ("ORPHAN", "bold red") if problem.is_orphan else (head, "bold yellow")
    yield Line()
    yield Line(head, f"  {one_line(problem.title)}", style)
    yield from _indented(problem.detail)
    if problem.reason:
        yield Line(text=f"  {reason_line(problem.reason)}")


def _table(result: RunResult) -> Iterator[Line]:
    """Counts by feature folder; only the statuses that occurred."""
    folders: dict[str, Counter[Status]] = {}
    for outcome in in_plan_order(result.outcomes):
        folders.setdefault(one_line(str(PurePath(outcome.planned.file).parent)), Counter())[outcome.status] += 1
    if len(folders) > 1:
        folders["all"] = Counter(outcome.status for outcome in result.outcomes)
    statuses = [status for status in Status if result.count(status)]
    width = max((len(folder) for folder in folders), default=0)
    if folders:
        yield Line()
        yield Line(text=f"{'':<{width}}" + "".join(f"  {status}" for status in statuses))
    for folder, counts in folders.items():
        yield Line(text=f"{folder:<{width}}" + "".join(f"  {counts[status] or '-':>{len(status)}}" for status in statuses))


def _recoveries(result: RunResult) -> Iterator[Line]:
    """The recovery figures of faults under steady load."""
    for number, line in enumerate(recovery_table.table(result.outcomes)):
        if number == 0:
            yield Line()
        yield Line(head=line, style="bold") if number == 0 else Line(text=line)


def _listed(outcomes: Iterable[Outcome]) -> Iterator[Line]:
    outcomes = list(outcomes)
    width = requirements_width(outcome.planned for outcome in outcomes)
    return (Line(text=f"  {_requirements(outcome.planned):<{width}}  {_name_and_place(outcome.planned)}") for outcome in outcomes)


def _indented(text: str) -> Iterator[Line]:
    shown = visible(text).strip("\n")
    return (Line(text=f"  {line}".rstrip()) for line in shown.split("\n") if shown)


def _requirements(planned: Planned) -> str:
    return one_line(",".join(planned.requirements)) or "-"


def _name_and_place(planned: Planned) -> str:
    return f"{one_line(planned.name)}  {one_line(planned.key)}"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
