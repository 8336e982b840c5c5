"""The preflight of another gateway on a stack that is ready, and the words for its problems. A blocking problem is a set-up error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hivecheck.errors import PreflightError
from hivecheck.platforms.platform import Node
from hivecheck.stack.log_tail import LogTail
from hivecheck.stack.start_watch import LOG_LINES_OF_EXIT, REDACTED
from hivecheck.targets.preflight import Findings, Preflight, Problem
from hivecheck.targets.target import Target
from hivecheck.topologies.topology import Topology


def findings(topology: Topology, nodes: Mapping[str, Node], url: str, key: str, slow_seconds: float) -> Findings:
    """What the preflight observes: a chat of each declared model, a stream, and the arrivals in the workers' journals."""
    tail = LogTail(nodes.values())
    tail.skip_to_end()

    def arrivals() -> Sequence[Mapping[str, Any]]:
        return [line.data for line in tail.journal_lines() if line.data.get("event") == "arrival"]

    models = {model for models in topology.workers().values() for model in models}
    return Preflight(url, key, models, arrivals, slow_seconds).findings() if models else Findings()


def exit_words(name: str, code: int, log: Sequence[str], secrets: Sequence[str]) -> str:
    """The text of a gateway that exited by itself after its preflight, with its last log lines."""
    lines = [f"expected: {name} runs until SIGTERM", f"actual: {name} exited by itself with code {code}"]
    lines += [f"next: find the cause in the last log lines of {name}", *(f"{name}: {line}" for line in log[-LOG_LINES_OF_EXIT:])]
    text = "\n".join(lines)
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text


def late_words(target: Target, stop_seconds: float) -> str:
    """The text of a gateway that ran on after SIGTERM."""
    expected = f"expected: {target.name} exits within {stop_seconds:g} s of SIGTERM"
    return f"{expected}\nactual: it ran until SIGKILL\nnext: let it end at SIGTERM, or set stop_seconds in {target.origin}"


def error_of(target: Target, problems: Sequence[Problem]) -> PreflightError:
    """The error for these blocking problems. The first is the cause of a start without a verdict."""
    first, *others = problems
    lines = [f"expected: {first.expected}", f"actual: {first.actual}, in the preflight of {target.name}", f"next: {first.next}"]
    lines += [problem.sentence() for problem in others]
    return PreflightError("\n".join([*lines, f"`hivecheck targets check {target.origin}` repeats this preflight"]))
