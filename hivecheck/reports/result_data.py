"""A run's result as plain data, for programs: written as `result.json` and read back from it.

Format 3 holds the whole result. Formats 1 and 2 lack the place of a scenario apart from its key, the plan and the details.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hivecheck.errors import Reason, ReportError
from hivecheck.measurement.blast_radius import BlastRadius
from hivecheck.measurement.recovery import Recovery
from hivecheck.reports import recovery_table
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult, Split, Status, exit_code

FORMAT = 3  # of result.json; 1 had no number and no reason codes, 2 had no plan, no details and no earlier attempts
RESULT_NEEDED = f"a result.json of a run, format {FORMAT}"
NEXT = "give the file of another run, or make it again with this hivecheck"
_DERIVED = ("availability", "cure", "blast_share")  # of a recovery: computed from its other figures


def data(result: RunResult) -> dict[str, Any]:
    """The content of `result.json`, which lies beside the JUnit file."""
    return {
        "format": FORMAT,
        "run_id": result.run_id,
        "seed": result.seed,
        "platform": result.platform,
        "target": result.target,
        "exit_code": exit_code(result),
        "source_hash": result.properties.get("source_hash", ""),
        "seconds": round(result.seconds, 3),
        "interrupted_by": result.interrupted_by,
        "crash": result.crash,
        "allows_flaky": result.allows_flaky,
        "split": asdict(result.split) if result.split else None,
        "properties": result.properties,
        "plan_files": result.plan_files,
        "problems": [{"title": problem.title, "detail": problem.detail, "reason": problem.reason} for problem in result.problems],
        "scenarios": {outcome.planned.key: _scenario(outcome) for outcome in result.outcomes},
    }


def read(path: Path) -> dict[str, Any]:
    """The content of a `result.json`; empty when there is no such file. Raises ReportError for a newer format or another file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise _refusal(path, str(error)) from error
    if not isinstance(content, dict) or not isinstance(content.get("format", 0), int):
        raise _refusal(path, "another kind of file")
    if content.get("format", 0) > FORMAT:
        raise ReportError(f"{path} has format {content['format']}, and this hivecheck reads formats up to {FORMAT}; use a newer hivecheck.")
    return content


def outcomes(path: Path) -> tuple[Outcome, ...]:
    """The outcomes in a `result.json` of any format. Raises ReportError for a missing file or one without scenarios."""
    content = read(path)
    try:
        return tuple(_outcome(key, scenario) for key, scenario in content["scenarios"].items())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refusal(path, _complaint(path, error)) from error


def result(path: Path) -> RunResult:
    """The whole result in a `result.json` of this format. Raises ReportError for any other."""
    content = read(path)
    if path.is_file() and content.get("format", 1) < FORMAT:
        raise _refusal(path, f"format {content.get('format', 1)}")
    try:
        return RunResult(
            run_id=str(content["run_id"]),
            seed=int(content["seed"]),
            platform=str(content["platform"]),
            target=str(content["target"]),
            outcomes=tuple(_outcome(key, scenario) for key, scenario in content["scenarios"].items()),
            problems=tuple(RunProblem(one["title"], one["detail"], _reason(one["reason"])) for one in content["problems"]),
            interrupted_by=content["interrupted_by"],
            crash=content["crash"],
            seconds=float(content["seconds"]),
            properties=dict(content["properties"]),
            plan_files=dict(content["plan_files"]),
            split=_split(content["split"]),
            allows_flaky=bool(content["allows_flaky"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refusal(path, _complaint(path, error)) from error


def recovery(figures: Mapping[str, Any]) -> Recovery:
    """The recovery that these figures of a report state. Raises TypeError or KeyError for other figures."""
    own: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in figures.items() if name not in _DERIVED
    }
    return Recovery(**{**own, "blast": BlastRadius(**figures["blast"])})


def _scenario(outcome: Outcome) -> dict[str, Any]:
    planned = asdict(outcome.planned)
    del planned["key"]  # the name of this entry
    return planned | {
        "requirements": list(outcome.planned.requirements),
        "status": outcome.status.value,
        "reason": outcome.reason,
        "step": outcome.step,
        "message": outcome.message,
        "detail": outcome.detail,
        "evidence": str(outcome.evidence or ""),
        "seconds": round(outcome.seconds, 3),
        "recovery": recovery_table.data(outcome.recovery) if outcome.recovery else None,
        "faults": list(outcome.faults),
        "stall_seconds": round(outcome.stall_seconds, 3),
        "notes": list(outcome.notes),
        "seed": outcome.seed,
        "is_start_failure": outcome.is_start_failure,
        "earlier": {"key": outcome.earlier.planned.key} | _scenario(outcome.earlier) if outcome.earlier else None,
    }


def _outcome(key: str, scenario: dict[str, Any]) -> Outcome:
    file, _, line = key.rpartition(":")
    planned = Planned(
        key=key,
        feature=scenario.get("feature", ""),
        name=scenario["name"],
        file=scenario.get("file", file),
        line=int(scenario.get("line", line)),
        requirements=tuple(scenario.get("requirements", ())),
        topology=scenario.get("topology", "default"),
        unsupported_reason=scenario.get("unsupported_reason"),
        is_fresh=scenario.get("is_fresh", False),
        is_exclusive=scenario.get("is_exclusive", False),
        is_chaos=scenario.get("is_chaos", False),
    )
    earlier = scenario.get("earlier")
    return Outcome(
        planned,
        Status(scenario["status"]),
        float(scenario.get("seconds", 0.0)),
        scenario.get("step", ""),
        scenario.get("message", ""),
        scenario.get("detail", ""),
        Path(scenario["evidence"]) if scenario.get("evidence") else None,
        recovery(figures) if (figures := scenario.get("recovery")) else None,
        tuple(scenario.get("faults") or ()),
        float(scenario.get("stall_seconds", 0.0)),
        _reason(scenario.get("reason")),
        _outcome(earlier["key"], earlier) if earlier else None,
        tuple(scenario.get("notes", ())),
        scenario.get("seed"),
        scenario.get("is_start_failure", False),
    )


def _reason(code: str | None) -> Reason | None:
    return None if code is None else Reason(code)


def _split(content: dict[str, Any] | None) -> Split | None:
    return None if content is None else Split(content["part"], content["parts"], tuple(content["plan"]), content["cut"])


def _complaint(path: Path, error: Exception) -> str:
    if not path.is_file():
        return "no such file"
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)


def _refusal(path: Path, actual: str) -> ReportError:
    return ReportError(f"expected: {RESULT_NEEDED}\nactual: {path}: {actual}\nnext: {NEXT}")
