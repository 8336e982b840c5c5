"""The gateway's statistics grow by exactly what the clients sent: each request counts once in every breakdown."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hivecheck.checks.facts import SUCCESS
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted, figures


def counted_once(history: History) -> Verdict:
    """Compares the first and the last statistics noted with the operations of the scenario."""
    noted = [event.data["statistics"] for event in history.events("state", "orchestrator") if "statistics" in event.data]
    operations = history.operations()
    if len(noted) < 2 or not operations:
        return inconclusive(
            expected="statistics noted before and after at least one request",
            actual=f"{counted(len(noted), 'note')}, {counted(len(operations), 'request')}",
        )
    first, last = noted[0], noted[-1]
    expected: dict[str, Any] = {
        "requests_total": len(operations),
        "succeeded": sum(operation.is_answered for operation in operations),
        "rejected": sum(400 <= (operation.status or 0) < 500 for operation in operations),
        "by_status": dict(Counter(str(operation.status) for operation in operations)),
        "by_model": dict(Counter(operation.model for operation in operations if operation.status in SUCCESS)),
        "by_worker": dict(Counter(operation.header("X-Worker-Id") for operation in operations if operation.status in SUCCESS)),
    }
    actual: dict[str, Any] = {key: last[key] - first[key] for key in ("requests_total", "succeeded", "rejected")}
    actual["by_status"] = _grown(first["by_status"], last["by_status"])
    actual["by_worker"] = _grown(first["by_worker"], last["by_worker"])
    models = {name: entry["requests"] for name, entry in first["by_model"].items()}
    grown = _grown(models, {name: entry["requests"] for name, entry in last["by_model"].items()})
    actual["by_model"] = {name: count for name, count in grown.items() if name in expected["by_model"]}
    if actual != expected:
        return failed(expected=f"growth of the statistics: {figures(expected)}", actual=figures(actual))
    return passed(f"growth of the statistics: {figures(expected)}")


def _grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
