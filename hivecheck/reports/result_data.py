"""A run's result as plain data, for programs."""

from __future__ import annotations

from typing import Any

from hivecheck.reports import recovery_table
from hivecheck.reports.result import RunResult, exit_code


def data(result: RunResult) -> dict[str, Any]:
    """What lies in `result.json` beside the JUnit file."""
    return {
        "run_id": result.run_id,
        "seed": result.seed,
        "exit_code": exit_code(result),
        "source_hash": result.properties.get("source_hash", ""),
        "findings": [{"title": finding.title, "detail": finding.detail, "is_ours": finding.is_ours} for finding in result.findings],
        "scenarios": {
            outcome.planned.key: {
                "name": outcome.planned.name,
                "status": outcome.status.value,
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
