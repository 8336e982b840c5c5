"""A worker accepts every request and answers none, while its health check succeeds. The worker needs an admin listener."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults import programs
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.faults.programs.gray_failure import HEALTH_CHECKS, NO_ANSWER, NO_PORT, OK
from hivecheck.platforms.node_program import python_command

HANG = {"rates": [{"fault": "hang", "share": 1.0}], "health": "well"}
PATIENCE_SECONDS = 0.5  # an idle worker answers a chat within milliseconds
ORDER_SECONDS = 2.0


@dataclass
class GrayFailure:
    """Proven by a contradiction: a chat gets no answer, and later health checks get 200. Removed when a chat is answered again."""

    act: str = "made to fail gray"
    description: str = (
        "A worker accepts every request and answers none, while its health check succeeds. The worker needs an admin listener."
    )
    requires: frozenset[str] = frozenset({"exec"})
    eligible_for: frozenset[Kind] = frozenset({Kind.ADMIN_WORKER})
    excluded_because: str = ""
    example_target: str = "worker-3"
    _patience_seconds: float = PATIENCE_SECONDS
    # Target -> what the last program observed already: to start another program takes longer than the observation.
    _observed: dict[str, list[float]] = field(default_factory=dict)

    def inject(self, fault_target: FaultTarget) -> None:
        order, *observed = self._run(fault_target, "inject", PATIENCE_SECONDS, json.dumps(HANG))
        if order != OK:
            raise InconclusiveError(
                f"expected: {fault_target.name} accepts the order at its admin listener\nactual: status {order:g}\n"
                "next: start the worker with an admin port"
            )
        self._patience_seconds, self._observed[fault_target.name] = observed[0], observed

    def effect(self, fault_target: FaultTarget) -> str | None:
        observed = self._observed.pop(fault_target.name, None) or self._run(fault_target, "observe", self._patience_seconds)
        patience_seconds, chat, *health_checks = observed
        is_contradiction = chat == NO_ANSWER and health_checks == [OK] * HEALTH_CHECKS
        evidence = f"a chat has no answer in {patience_seconds:.2f} s, while {HEALTH_CHECKS} health checks of {fault_target.name} got {OK}"
        return evidence if is_contradiction else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.state() is None:
            return
        order, *chat = self._run(fault_target, "remove", ORDER_SECONDS)
        if order not in (OK, NO_PORT):  # a worker without the port has never received the order
            raise InconclusiveError(
                f"expected: {fault_target.name} accepts the reset at its admin listener\nactual: status {order:g}\n"
                f"next: read the log of {fault_target.name}"
            )
        if order == OK:
            self._observed[fault_target.name] = chat

    def remaining(self, fault_target: FaultTarget) -> str | None:
        if fault_target.state() is None:
            return None  # its successor has never received the order
        (status,) = self._observed.pop(fault_target.name, None) or self._run(fault_target, "chat", PATIENCE_SECONDS)
        return None if status == OK else f"a chat at {fault_target.name} gets status {status:g}"

    def _run(self, fault_target: FaultTarget, command: str, seconds: float, order: str = "") -> list[float]:
        """The numbers that the program prints at the worker's node."""
        arguments = [command, str(fault_target.pid), fault_target.stack.secrets.token, str(seconds), _chat(fault_target), order]
        result = fault_target.node.run(python_command(programs.GRAY_FAILURE, *arguments))
        if result.exit_code:
            raise ClientError(
                f"expected: {fault_target.name} accepts connections\nactual: {result.output.strip()}\n"
                f"next: read the log of {fault_target.name}"
            )
        return [float(word) for word in result.output.split()]


def _chat(fault_target: FaultTarget) -> str:
    view = fault_target.stack.hive_of(fault_target.name).workers()[fault_target.name]
    body: dict[str, Any] = {"model": view["models"][0], "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    return json.dumps(body)
