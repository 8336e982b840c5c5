"""The gateway's statistics grow by exactly what the clients sent: each request counts once in every breakdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from hivecheck.history import History, Operation
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
        "rejected": sum(_is_rejected(operation) for operation in operations),
        "failed": sum(not operation.is_answered and not _is_rejected(operation) for operation in operations),
        # The header names the attempts of a request that reached a worker.
        "retries_total": sum(max(0, int(operation.header("X-Attempts") or 0) - 1) for operation in operations),
        "by_status": dict(Counter(str(operation.status) for operation in operations)),
        "by_model": _by_model([operation for operation in operations if operation.header("X-Worker-Id")]),
        "by_worker": dict(Counter(operation.header("X-Worker-Id") for operation in operations if operation.header("X-Worker-Id"))),
    }
    actual: dict[str, Any] = {key: last[key] - first[key] for key in ("requests_total", "succeeded", "rejected", "failed", "retries_total")}
    actual["by_status"] = _grown(first["by_status"], last["by_status"])
    actual["by_worker"] = _grown(first["by_worker"], last["by_worker"])
    # A request without a worker has no model of its own, because its name is the client's.
    actual["by_model"] = {name: _grown(first["by_model"].get(name, {}), last["by_model"].get(name, {})) for name in expected["by_model"]}
    if actual != expected:
        return failed(expected=f"growth of the statistics: {figures(expected)}", actual=figures(actual))
    return passed(f"growth of the statistics: {figures(expected)}")


def _is_rejected(operation: Operation) -> bool:
    return 400 <= (operation.status or 0) < 500


def _by_model(operations: Iterable[Operation]) -> dict[str, dict[str, int]]:
    """By model: the requests, and those with each result that occurred."""
    found: dict[str, Counter[str]] = {}
    for operation in operations:
        result = "succeeded" if operation.is_answered else "rejected" if _is_rejected(operation) else "failed"
        found.setdefault(operation.model, Counter()).update(("requests", result))
    return {model: dict(counts) for model, counts in found.items()}


def _grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
