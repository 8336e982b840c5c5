"""A worker's health checks contradict its answers: one of them fails, and the other succeeds. The worker needs an admin listener."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults import programs
from hivecheck.faults.fault import Fault, FaultTarget, Kind
from hivecheck.faults.programs.gray_failure import HEALTH_CHECKS, NO_ANSWER, NO_PORT, NOT_READY, OK
from hivecheck.platforms.node_program import python_command

HANG = {"rates": [{"fault": "hang", "share": 1.0}], "health": "well"}
SICK = {"health": "sick"}
PATIENCE_SECONDS = 0.5  # an idle worker answers a chat within milliseconds
ORDER_SECONDS = 2.0


@dataclass
class GrayFailure:
    """Proven by a contradiction: a chat gets no answer, and later health checks get 200. Removed when a chat is answered again.

    `order` makes the contradiction. `chat` and `health` are the statuses that prove it.
    """

    act: str = "made to fail gray"
    description: str = (
        "A worker accepts every request and answers none, while its health check succeeds. The worker needs an admin listener."
    )
    requires: frozenset[str] = frozenset({"exec"})
    eligible_for: frozenset[Kind] = frozenset({Kind.ADMIN_WORKER})
    excluded_because: str = ""
    example_target: str = "worker-3"
    order: Mapping[str, Any] = field(default_factory=lambda: HANG)
    chat: int = NO_ANSWER
    health: int = OK
    _patience_seconds: float = PATIENCE_SECONDS
    # Target -> what the last program observed already: to start another program takes longer than the observation.
    _observed: dict[str, list[float]] = field(default_factory=dict)

    def inject(self, fault_target: FaultTarget) -> None:
        order, *observed = self._run(fault_target, "inject", PATIENCE_SECONDS, json.dumps(self.order))
        if order != OK:
            raise InconclusiveError(
                f"expected: {fault_target.name} accepts the order at its admin listener\nactual: status {order:g}\n"
                "next: start the worker with an admin port"
            )
        self._patience_seconds, self._observed[fault_target.name] = observed[0], observed

    def effect(self, fault_target: FaultTarget) -> str | None:
        observed = self._observed.pop(fault_target.name, None) or self._run(fault_target, "observe", self._patience_seconds)
        patience_seconds, chat, *health_checks = observed
        is_contradiction = chat == self.chat and health_checks == [self.health] * HEALTH_CHECKS
        answer = "no answer" if chat == NO_ANSWER else f"status {chat:g}"
        checks = f"{HEALTH_CHECKS} health checks of {fault_target.name} got {self.health}"
        return f"a chat has {answer} in {patience_seconds:.2f} s, while {checks}" if is_contradiction else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.state() is None:
            return
        order, *answers = self._run(fault_target, "remove", ORDER_SECONDS)
        if order not in (OK, NO_PORT):  # a worker without the port has never received the order
            raise InconclusiveError(
                f"expected: {fault_target.name} accepts the reset at its admin listener\nactual: status {order:g}\n"
                f"next: read the log of {fault_target.name}"
            )
        if order == OK:
            self._observed[fault_target.name] = answers

    def remaining(self, fault_target: FaultTarget) -> str | None:
        if fault_target.state() is None:
            return None  # its successor has never received the order
        chat, health = self._observed.pop(fault_target.name, None) or self._run(fault_target, "answers", PATIENCE_SECONDS)
        is_sound = chat == health == OK
        return None if is_sound else f"a chat at {fault_target.name} gets status {chat:g}, and a health check {health:g}"

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


def contradictions() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS."""
    false_health = partial(
        GrayFailure,
        act="made to fail its health checks",
        description="A worker answers every request, while its health checks fail. The worker needs an admin listener.",
        eligible_for=frozenset(),
        excluded_because="the load feels it as a pause of the worker, which plans draw",
        order=SICK,
        chat=OK,
        health=NOT_READY,
    )
    return {"a gray failure": GrayFailure, "a false health report": false_health}


def _chat(fault_target: FaultTarget) -> str:
    view = fault_target.stack.hive_of(fault_target.name).workers()[fault_target.name]
    body: dict[str, Any] = {"model": view["models"][0], "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    return json.dumps(body)
