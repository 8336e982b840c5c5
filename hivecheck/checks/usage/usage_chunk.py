"""A stream whose client asked for the usage has it in a chunk of its own, the last before a bare `[DONE]`; any other has none."""

from __future__ import annotations

from hivecheck.checks.facts import end_of, streams
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def usage_chunk(history: History) -> Verdict:
    """Judges every stream of the scenario."""
    return worst([_judge_one(history, operation) for operation in streams(history)])


def _judge_one(history: History, operation: Operation) -> Verdict:
    options = operation.request.get("stream_options") or {}
    is_asked = bool(options.get("include_usage"))
    shown = f"{operation.sentence()}, chunks of usage alone: {operation.usage_chunks}, before [DONE]: {operation.before_done or 'nothing'}"
    if not operation.saw_done:
        return failed(expected="a stream that ends with [DONE]", actual=shown)
    if not is_asked:
        is_clean = operation.usage_chunks == 0 and operation.usage is None
        return passed(f"{operation.id}: no usage") if is_clean else failed(expected="no usage, for none was asked for", actual=shown)
    if (operation.usage_chunks, operation.before_done) != (1, "usage"):
        return failed(expected="one chunk of usage alone, right before [DONE]", actual=shown)
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    if end is None:
        return inconclusive(expected="a journal line that says how many tokens were sent", actual=f"no end noted for {operation.id}")
    expected = end.data.get("prompt_tokens"), end.data.get("output_tokens")
    usage = operation.usage or {}
    actual = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (
        passed(f"{operation.id}: usage {actual}")
        if actual == expected
        else failed(expected=f"the usage {expected} of {end.node}", actual=f"{shown}: {actual}")
    )
