"""The text of a result: causes of the exit code, the block of a scenario, its reproduce command. Text here is safe to print."""

from __future__ import annotations

import re
from pathlib import Path

from hivecheck.errors import Reason
from hivecheck.reports.result import NO_VERDICT, PROVEN, REFERENCE, Outcome, Planned, RunProblem, RunResult, Status
from hivecheck.wording import counted

# What XML 1.0 forbids, what a terminal obeys (C0, C1), and what reverses the reading direction. None of it may reach a reader as it is.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

NOTHING_SELECTED = "no scenario was selected"
NOTHING_PASSED = "no scenario passed"
PAGE = "docs/verdicts.md"
SETTINGS = "settings"  # of the properties of a run: the options that its reproduce commands need
START_SCRIPT = "./run-integration-tests.sh"


def run_command() -> str:
    """The command that starts a run in the current folder. A user's repository has no start script."""
    return START_SCRIPT if Path(START_SCRIPT).is_file() else "hivecheck run"


def reproduce_command(result: RunResult, planned: Planned, seed: int | None = None) -> str:
    """The command line that runs this scenario alone, with the same seed: that of the run, if none is given."""
    platform = f" --platform {result.platform}" if result.platform else ""
    target = f" --target {result.target}" if result.target not in ("", REFERENCE) else ""
    replay = f" --fault-plan {result.plan_files[planned.key]}" if planned.key in result.plan_files else ""
    settings = f" {given}" if (given := result.properties.get(SETTINGS)) else ""
    return f"{run_command()} {planned.key}{platform}{target} --seed {result.seed if seed is None else seed}{replay}{settings}"


def causes(result: RunResult) -> list[str]:
    """Why the exit code is not 0, the worst first. Empty exactly when the exit code is 0."""
    orphans, own = result.orphans(), result.own_problems()
    is_empty = not result.outcomes and not own and result.crash is None and not result.interrupted_by
    found = [
        (result.crash is not None, f"the harness crashed: {last_line(result.crash or '') or 'without a traceback'}"),
        *((result.count(status) > 0, f"{result.count(status)} {status}") for status in (Status.FAILED, Status.UNEXPECTED_PASS)),
        (result.blames_flaky, f"{result.count(Status.FLAKY)} {Status.FLAKY}"),
        (bool(orphans), _titles(orphans)),
        (bool(result.interrupted_by), f"interrupted by {one_line(result.interrupted_by or '')}"),
        *((result.count(status) > 0, f"{result.count(status)} {status}{_codes(result, status)}") for status in NO_VERDICT),
        (bool(own), _titles(own)),
        (is_empty, f"{result.split} has no scenario" if result.split and result.split.plan else NOTHING_SELECTED),
    ]
    listed = [cause for is_so, cause in found if is_so]
    return listed or ([] if result.count(*PROVEN) else [NOTHING_PASSED])


def _titles(problems: list[RunProblem]) -> str:
    """The first problem in words, and how many more there are."""
    if not problems:
        return ""
    others = len(problems) - 1
    more = f" and {counted(others, 'more problem')} of the run" if others else ""
    reason = f" ({problems[0].reason})" if problems[0].reason else ""
    return one_line(problems[0].title) + reason + more


def _codes(result: RunResult, status: Status) -> str:
    codes = {outcome.reason: None for outcome in result.outcomes if outcome.status is status and outcome.reason}
    return f" ({', '.join(codes)})" if codes else ""


def message_of(outcome: Outcome) -> str:
    """The message on one line, never empty: readers of JUnit drop a failure without a message."""
    message = one_line(outcome.message) or one_line(outcome.planned.unsupported_reason or "")
    return message or f"{outcome.status} without a message"


def story(result: RunResult, outcome: Outcome, folder: Path) -> list[str]:
    """The lines of a scenario that did not pass: step, expected, actual, next, evidence, reproduce. Paths are relative to `folder`."""
    message, detail = visible(outcome.message).strip() or message_of(outcome), visible(outcome.detail).strip("\n")
    text = detail if one_line(detail).startswith(one_line(message)) else f"{message}\n{detail}".strip("\n")
    return [
        *([f"step: {one_line(outcome.step)}"] if outcome.step else []),
        *(f"  {line}".rstrip() for line in text.split("\n")),
        *(one_line(note) for note in outcome.notes),
        *([reason_line(outcome.reason)] if outcome.reason else []),
        *([_stall(outcome.stall_seconds)] if outcome.stall_seconds else []),
        *([f"evidence: {relative_path(outcome.evidence, folder)}"] if outcome.evidence else []),
        f"reproduce: {one_line(reproduce_command(result, outcome.planned, outcome.seed))}",
    ]


def reason_line(reason: Reason) -> str:
    """The reason code, and the page that describes it."""
    return f"reason: {reason} ({PAGE})"


def _stall(seconds: float) -> str:
    return f"machine: it did not schedule the harness for {seconds:.2f} s, so an operation with a time limit may have failed for that alone"


def visible(text: str) -> str:
    """The text with each character that a terminal obeys or XML forbids in escaped form, such as `\\x1b`. Line breaks and tabs stay."""
    return _INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Visible text on one line: any run of white space is one space."""
    return " ".join(visible(text).split())


def last_line(text: str) -> str:
    """The line of a traceback that names the error."""
    return one_line(text.strip().rpartition("\n")[2])


def relative_path(path: Path, folder: Path) -> str:
    """The path as a person types it in `folder`. A path outside the folder stays as it is."""
    return one_line(str(path.relative_to(folder) if path.is_relative_to(folder) else path))
