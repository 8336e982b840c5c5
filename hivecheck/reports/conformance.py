"""The conformance of a gateway by requirement, as plain data and as Markdown. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from hivecheck.reports.result import Outcome, RunResult, Status, in_plan_order
from hivecheck.reports.text import message_of, one_line, reproduce_command

FORMAT = 1
MESSAGE_CHARACTERS = 400  # of the message of a failure in Markdown; the JSON has all of it
# The worst status counts for a requirement. A pass does not outweigh a failure, and a requirement is not supported only as a whole.
_RED = (
    *(Status.FAILED, Status.KNOWN_FAILURE, Status.FLAKY, Status.UNEXPECTED_PASS),
    *(Status.INCONCLUSIVE, Status.BLOCKED, Status.NOT_RUN),
)
_WORST_FIRST = (*_RED, Status.PASSED, Status.NOT_SUPPORTED)


def table(result: RunResult, name: str, summary: str) -> dict[str, Any]:
    """The conformance of target `name` as plain data. A requirement without a selected scenario is absent."""
    by_requirement: dict[str, list[Outcome]] = {}
    for outcome in in_plan_order(result.outcomes):
        for requirement in outcome.planned.requirements:
            by_requirement.setdefault(requirement, []).append(outcome)
    return {
        "format": FORMAT,
        "target": name,
        "summary": summary,
        "platform": result.platform,
        "seed": result.seed,
        "requirements": {
            requirement: {
                "verdict": _worst(outcomes).value,
                "reproduce": reproduce_command(result, _decisive(outcomes).planned),
                "scenarios": [outcome.planned.key for outcome in outcomes],
            }
            for requirement, outcomes in sorted(by_requirement.items())
        },
        "scenarios": {outcome.planned.key: _scenario(result, outcome) for outcome in in_plan_order(result.outcomes)},
    }


def markdown(table: dict[str, Any]) -> str:
    """The table for people: first the declared requirements, then each failure with its message, then what is not supported and why."""
    rows, scenarios = table["requirements"], table["scenarios"]
    tried = {name: row for name, row in rows.items() if row["verdict"] != Status.NOT_SUPPORTED}
    counts = Counter(row["verdict"] for row in rows.values())
    total = ", ".join(f"{counts[status]} {status}" for status in _WORST_FIRST if counts[status])
    return "\n".join(
        [
            f"# Conformance of {table['target']}",
            "",
            f"{table['summary']}",
            "",
            f"Platform {table['platform']}, seed {table['seed']}. Requirements: {total or 'none'}.",
            "The verdict of a requirement is the worst of its scenarios. Scenarios that the target does not support do not count.",
            "",
            "| requirement | verdict | passed | run it again |",
            "|---|---|---|---|",
            *(f"| {name} | {row['verdict']} | {_share(row, scenarios)} | `{row['reproduce']}` |" for name, row in tried.items()),
            *_red(scenarios),
            *_left_out(scenarios),
            "",
        ]
    )


def _scenario(result: RunResult, outcome: Outcome) -> dict[str, Any]:
    item = {"name": outcome.planned.name, "status": outcome.status.value}
    if outcome.status is Status.NOT_SUPPORTED:
        return item | {"message": message_of(outcome)}
    if outcome.status is not Status.PASSED:
        item |= {"step": outcome.step, "message": message_of(outcome)}
    return item | {"reproduce": reproduce_command(result, outcome.planned)}


def _worst(outcomes: Iterable[Outcome]) -> Status:
    return min((outcome.status for outcome in outcomes), key=_WORST_FIRST.index)


def _decisive(outcomes: list[Outcome]) -> Outcome:
    """The scenario that decides the verdict."""
    return min(outcomes, key=lambda outcome: _WORST_FIRST.index(outcome.status))


def _share(row: dict[str, Any], scenarios: Mapping[str, dict[str, Any]]) -> str:
    tried = [status for place in row["scenarios"] if (status := scenarios[place]["status"]) != Status.NOT_SUPPORTED]
    return f"{tried.count(Status.PASSED)} of {len(tried)}"


def _red(scenarios: Mapping[str, dict[str, Any]]) -> list[str]:
    """Each declared scenario that did not pass, with its message; empty when all passed."""
    found = {place: item for place, item in scenarios.items() if item["status"] in _RED}
    lines = [f"* **{one_line(item['name'])}** ({place}): {_plain(item)}" for place, item in found.items()]
    return ["", "## Not passed", "", "Declared, and did not pass:", "", *lines] if lines else []


def _left_out(scenarios: Mapping[str, dict[str, Any]]) -> list[str]:
    """Every reason why scenarios are not supported, with their places; empty when there is none."""
    by_reason: dict[str, list[str]] = {}
    for place, item in scenarios.items():
        if item["status"] == Status.NOT_SUPPORTED:
            by_reason.setdefault(one_line(item["message"]), []).append(place)
    lines = [f"* {_escaped(reason)}: {', '.join(places)}" for reason, places in sorted(by_reason.items())]
    return ["", "## Not supported", "", "Not declared by the target, or not possible on this platform:", "", *lines] if lines else []


def _plain(scenario: dict[str, Any]) -> str:
    step = f"`{scenario['step']}`: " if scenario["step"] else ""
    message = one_line(scenario["message"])
    return step + _escaped(message if len(message) <= MESSAGE_CHARACTERS else f"{message[:MESSAGE_CHARACTERS]} ...")


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
