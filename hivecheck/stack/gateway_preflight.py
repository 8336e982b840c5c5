"""The preflight of another gateway on a stack that is ready. A blocking problem is a set-up error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hivecheck.errors import PreflightError
from hivecheck.platforms.platform import Node
from hivecheck.stack.log_tail import LogTail
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


def error_of(target: Target, problems: Sequence[Problem]) -> PreflightError:
    """The error for these blocking problems. The first is the cause of a start without a verdict."""
    first, *others = problems
    lines = [f"expected: {first.expected}", f"actual: {first.actual}, in the preflight of {target.name}", f"next: {first.next}"]
    lines += [problem.sentence() for problem in others]
    return PreflightError("\n".join([*lines, f"`hivecheck targets check {target.origin}` repeats this preflight"]))
