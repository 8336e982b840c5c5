"""A client gets the same response through the gateway as from the worker itself, also when the worker responds incorrectly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hivecheck.checks.standard import media_type
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, figures

DIRECT = "direct"  # the purpose of requests to a worker itself
OF_ITS_OWN = ("id", "created")  # differ from answer to answer
# A malformed body is compared as text, so the two values are cut out of the text.
_OWN_VALUES = re.compile(rf'"({"|".join(OF_ITS_OWN)})": ?("[^"]*"|\d+)')


def transparent(history: History) -> Verdict:
    """Pairs requests by their order: the first one through the gateway with the first one to the worker, and so on."""
    # Each request has an id of its own, so nothing but the order can pair them.
    through, direct = (sorted(history.operations(purpose), key=lambda one: one.started_at) for purpose in ("chat", DIRECT))
    if not through or len(through) != len(direct):
        return inconclusive(
            expected="as many requests through the gateway as directly to a worker",
            actual=f"{len(through)} through the gateway, {len(direct)} direct",
        )
    return worst([_judge_pair(one, other) for one, other in zip(through, direct, strict=True)])


def _judge_pair(through: Operation, direct: Operation) -> Verdict:
    if direct.status is None or dict(through.request) != dict(direct.request):
        return inconclusive(expected="the same request, answered directly by the worker", actual=direct.sentence())
    actual, expected = _response(through), _response(direct)
    if differing := [name for name in expected if actual[name] != expected[name]]:
        return failed(
            expected=f"{through.id} gets what the worker sends, {_shortened({name: expected[name] for name in differing})}",
            actual=_shortened({name: actual[name] for name in differing}),
        )
    return passed(f"{through.id}: the same through the gateway and directly, {through.sentence()}")


def _response(operation: Operation) -> dict[str, Any]:
    return {
        "status": operation.status,
        "content type": media_type(operation.header("Content-Type")),
        "chunks": [token.text for token in operation.tokens],
        "body that is no JSON": _OWN_VALUES.sub("", operation.raw),
        "body": _less(operation.body),
        "finish reason": operation.finish_reason,
        "end marker": operation.saw_done,
        "usage chunks": operation.usage_chunks,
        "error event": (operation.stream_error or {}).get("code"),
        "broken off": operation.error is not None,
    }


def _less(body: Any) -> Any:
    return {name: value for name, value in body.items() if name not in OF_ITS_OWN} if isinstance(body, Mapping) else body


def _shortened(response: dict[str, Any]) -> str:
    # A body in JSON shows the difference between 1 and "1".
    texts = {name: json.dumps(value) if isinstance(value, Mapping | list) else value for name, value in response.items()}
    return figures(
        {
            name: f"{value[:40]}... ({counted(len(value), 'character')})" if isinstance(value, str) and len(value) > 80 else value
            for name, value in texts.items()
        }
    )
