"""No metric label has a value that a client invented: the name of a model, an id, a session."""

from __future__ import annotations

from collections.abc import Collection

from hivecheck.checks.observability import measured
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, listed

MODEL_LABELS = ("model", "model_name")
MAX_PLACEHOLDERS = 1  # all unknown models may share one label value


def bounded_labels(history: History, *, models: Collection[str]) -> Verdict:
    """`models`: those that exist. Compares the last noted metrics with the first."""
    refused = {operation.model for operation in history.operations() if operation.model not in models}
    notes = len(measured.noted(history))
    if notes < 2:
        return inconclusive(expected="metrics noted before and after the requests", actual=counted(notes, "note"))
    if not refused:
        return no_room(expected="requests for invented models", actual="every requested model exists")
    series = measured.grown(history)
    words = refused | {operation.id for operation in history.operations()}
    if taken := [one for one in series if any(word in value for value in one.labels.values() for word in words)]:
        return failed(
            expected="no metric label has a value that a client invented", actual=f"{len(taken)} series, for example {taken[0].sentence()}"
        )
    labelled = {value for one in series for name, value in one.labels.items() if name in MODEL_LABELS}
    if len(unknown := labelled - set(models)) > MAX_PLACEHOLDERS:
        return failed(
            expected=f"the model labels are {listed(sorted(models))}, and at most {MAX_PLACEHOLDERS} other value",
            actual=listed(sorted(unknown)),
        )
    return passed(
        f"{counted(len(refused), 'invented model')}, {sum(one.is_new for one in series)} new series, models {listed(sorted(labelled))}"
    )
