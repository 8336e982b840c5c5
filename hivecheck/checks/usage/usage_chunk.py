"""A stream with include_usage has its usage in one separate chunk, the last before [DONE]. Any other stream has none."""

from __future__ import annotations

from hivecheck.checks.facts import end_of, streams
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import listed


def usage_chunk(history: History) -> Verdict:
    """Judges every stream of the scenario."""
    return worst([_judge_one(history, operation) for operation in streams(history)])


def _judge_one(history: History, operation: Operation) -> Verdict:
    options = operation.request.get("stream_options") or {}
    has_usage_option = bool(options.get("include_usage"))
    ending = f"{operation.sentence()}, separate usage chunks: {operation.usage_chunks}, before [DONE]: {operation.before_done or 'nothing'}"
    if not operation.saw_done:
        return failed(expected="the stream ends with [DONE]", actual=ending)
    # For its ledger the gateway asks each worker for usage. It must hide the usage from a client that did not ask.
    if not has_usage_option:
        is_clean = operation.usage_chunks == 0 and operation.usage is None
        return (
            passed(f"{operation.id}: no usage")
            if is_clean
            else failed(expected="the stream has no usage, because its client requested none", actual=ending)
        )
    # OpenAI's API reference, `include_usage`: one more chunk before [DONE], with empty choices.
    if (operation.usage_chunks, operation.before_done) != (1, "usage"):
        return failed(expected="one separate usage chunk right before [DONE]", actual=ending)
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    if end is None:
        return inconclusive(expected=f"the number of tokens of {operation.id} in the journal of a worker", actual="no end in any journal")
    expected = end.data.get("prompt_tokens"), end.data.get("output_tokens")
    usage = operation.usage or {}
    actual = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (
        passed(f"{operation.id}: usage {listed(actual)}")
        if actual == expected
        else failed(
            expected=f"prompt and completion tokens {listed(expected)}, as {end.node} counted", actual=f"{ending}: {listed(actual)}"
        )
    )
