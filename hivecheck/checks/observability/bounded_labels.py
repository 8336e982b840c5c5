"""No label of a metric comes from what a client made up: names of models, ids, sessions."""

from __future__ import annotations

from collections.abc import Collection

from hivecheck.checks.observability import measured
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

MODEL_LABELS = ("model", "model_name")
MAX_PLACEHOLDERS = 1  # all models that do not exist may share one name


def bounded_labels(history: History, *, models: Collection[str]) -> Verdict:
    """`models`: those that exist. Judges the series that were there at the last note, by those that were not at the first."""
    refused = {operation.model for operation in history.operations() if operation.model not in models}
    if len(measured.noted(history)) < 2 or not refused:
        return inconclusive(expected="metrics noted before and after requests with made-up names", actual=f"{len(refused)} made-up names")
    series = measured.grown(history)
    words = refused | {operation.id for operation in history.operations()}
    if taken := [one for one in series if any(word in value for value in one.labels.values() for word in words)]:
        return failed(expected="no label with a name that a client made up", actual=f"{len(taken)} series, for example {taken[0]}")
    shown = {value for one in series for name, value in one.labels.items() if name in MODEL_LABELS}
    if len(unknown := shown - set(models)) > MAX_PLACEHOLDERS:
        return failed(
            expected=f"labels of the models {sorted(models)}, and at most {MAX_PLACEHOLDERS} for all others", actual=f"{sorted(unknown)}"
        )
    return passed(f"{len(refused)} made-up names, {sum(one.is_new for one in series)} new series, models {sorted(shown)}")
