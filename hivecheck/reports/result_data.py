"""A run's result as plain data, for programs: written as `result.json` and read back from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hivecheck.errors import ReportError
from hivecheck.reports import recovery_table
from hivecheck.reports.result import RunResult, exit_code

FORMAT = 2  # of result.json; 1 had no number and no reason codes


def data(result: RunResult) -> dict[str, Any]:
    """The content of `result.json`, which lies beside the JUnit file."""
    return {
        "format": FORMAT,
        "run_id": result.run_id,
        "seed": result.seed,
        "exit_code": exit_code(result),
        "source_hash": result.properties.get("source_hash", ""),
        "problems": [{"title": problem.title, "detail": problem.detail, "reason": problem.reason} for problem in result.problems],
        "scenarios": {
            outcome.planned.key: {
                "name": outcome.planned.name,
                "status": outcome.status.value,
                "reason": outcome.reason,
                "requirements": list(outcome.planned.requirements),
                "step": outcome.step,
                "message": outcome.message,
                "evidence": str(outcome.evidence or ""),
                "seconds": round(outcome.seconds, 3),
                "recovery": recovery_table.data(outcome.recovery) if outcome.recovery else None,
                "faults": list(outcome.faults),
                "stall_seconds": round(outcome.stall_seconds, 3),
            }
            for outcome in result.outcomes
        },
    }


def read(path: Path) -> dict[str, Any]:
    """The content of a `result.json`; empty when there is no such file. Raises ReportError for a newer format."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if content.get("format", 0) > FORMAT:
        raise ReportError(f"{path} has format {content['format']}, and this hivecheck reads formats up to {FORMAT}; use a newer hivecheck.")
    return content
