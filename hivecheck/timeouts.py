"""Every time budget: name, seconds, one sentence. Gherkin says `within the worker detection time`; no step holds a number."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from hivecheck.errors import UsageError


def _budget(seconds: float, sentence: str) -> Any:
    return field(default=seconds, metadata={"sentence": sentence})


@dataclass(frozen=True)
class Timeouts:
    """All budgets in seconds. `scaled` stretches every one of them for a slow machine."""

    node_ready: float = _budget(20.0, "From a node's start until it answers its health call.")
    stack_ready: float = _budget(30.0, "From the first node's start until every declared worker can be routed to.")
    node_stop: float = _budget(10.0, "From SIGTERM to an idle node until its process has ended.")
    settling: float = _budget(3.0, "From the last request until journals, logs and counters agree with it.")
    fault_effect: float = _budget(5.0, "From a fault's strike until its effect was observed; a fault without effect proves nothing.")
    partition_detection: float = _budget(15.0, "From a cut between gateway and hive until the gateway sends it nothing more (INT-004).")
    partition_recovery: float = _budget(5.0, "From the healing of a cut until who was behind it serves again (INT-004).")
    fault_heal: float = _budget(10.0, "From the beginning of a fault's cure until nothing of the fault is left.")
    heal: float = _budget(15.0, "From the end of a scenario until its stack is at its baseline again.")
    scenario: float = _budget(90.0, "The longest a scenario may run before it is stopped as hanging.")
    request: float = _budget(30.0, "The longest a client waits for one answer that no other budget rules.")
    clean_up: float = _budget(10.0, "From the death of the harness until nothing of its run is left.")
    start_refusal: float = _budget(10.0, "From a node's start with a bad setting until it has refused and ended.")
    idle_chat: float = _budget(10.0, "A chat through an idle stack, from request to end marker (FULL-001).")
    registration: float = _budget(5.0, "From a worker's models answering until the registry lists it (FULL-003).")
    convergence: float = _budget(5.0, "From a change in the registry until clients see it at the orchestrator (FULL-003).")
    heartbeat: float = _budget(2.0, "From one visible heartbeat to the next, at the topology's interval (CLU-002).")
    worker_detection: float = _budget(2.0, "From a worker's death until it is out of routing and the registry (FULL-005).")
    pause_detection: float = _budget(3.0, "From a worker's freeze until it is out of rotation (WC-006).")
    worker_return: float = _budget(3.0, "From a worker's recovery until it serves again (WC-006).")
    recovery: float = _budget(5.0, "From a fault within tolerance until whoever asks is served as before it (LOAD-010).")
    restart: float = _budget(10.0, "From a worker's death until its hive has restarted and registered it (SVC-011).")
    download: float = _budget(60.0, "From the wish for a model until its file is here and a worker serves it, at small sizes (FULL-007).")
    damage_detection: float = _budget(10.0, "From the damage to a hive's catalogue until the hive has noticed and mended it (INT-006).")
    repeated_attempts: float = _budget(15.0, "From a worker's first attempt to register until its fourth, each at its own limit (CLU-007).")
    restart_lag: float = _budget(1.0, "How much later than its policy's wait a worker may be started again (SVC-011).")
    removal: float = _budget(8.0, "From the last heartbeat until a silent worker is forgotten, at the topology's settings (SVC-013).")
    database_fault_detection: float = _budget(
        5.0, "From a change at the registry's database until the registry has noticed and dealt with it (INT-007)."
    )
    lease_expiry: float = _budget(4.0, "From the last heartbeat until a silent worker is offline: TTL and one sweep (CLU-004).")
    cascading_shutdown: float = _budget(30.0, "From SIGTERM to the orchestrator until every process of the cascade has ended (FULL-004).")
    orchestrator_return: float = _budget(3.0, "From a stopped orchestrator's start until it routes to active workers again (INT-012).")
    worker_choice: float = _budget(
        0.1, "From a client's request until a worker has it: the choice of a worker and all around it (CHAT-024)."
    )
    connection_rejection: float = _budget(1.0, "From a newcomer's connect to a hive without room until it is told so and closed (RE-004).")
    rejection: float = _budget(3.0, "From an intruder's first byte until it has its refusal, slow ones included (SEC-001).")
    slot_release: float = _budget(2.0, "From the end of a request until its worker shows no work in hand (FULL-001).")
    ledger_lag: float = _budget(
        0.5,
        "How much of a running stream, back from a kill of the gateway, its ledger may miss, at the topology's interval (CHAT-019).",
    )
    cancellation: float = _budget(0.25, "From a client's leaving until its worker has stopped working for it (GATE-002).")
    half_open: float = _budget(3.0, "From the opening of a circuit until it lets a probe through, at the topology's settings (CLU-035).")
    hung_request: float = _budget(1.7, "From a request to a worker that hangs until its client is told, at brisk's limits (GATE-007).")
    stream_abort: float = _budget(1.2, "From the last byte of a stalled answer until its client is told, at brisk's limits (CLU-038).")
    added_first_token: float = _budget(0.005, "What the gateway may add to the time to the first token, kept-alive (GATE-014).")
    chunk_lag: float = _budget(0.05, "How much later than the worker's pace a streamed token may reach the client (SVC-007).")

    def scaled(self, factor: float) -> Timeouts:
        """Every budget times `factor`. Raises UsageError unless that is more than 0."""
        if not factor > 0:
            raise UsageError(f"timeout_scale={factor:g}: expected a number above 0; 2 doubles every time budget.")
        return replace(self, **{budget.name: getattr(self, budget.name) * factor for budget in fields(self)})

    def named(self, words: str) -> float:
        """The seconds of a budget by its words in Gherkin, e.g. `worker detection`. Raises UsageError for an unknown one."""
        name = words.strip().replace(" ", "_")
        if name not in {budget.name for budget in fields(self)}:
            known = ", ".join(budget.name.replace("_", " ") for budget in fields(self))
            raise UsageError(f"There is no time budget {words!r}. Known: {known}. Budgets are declared in hivecheck/timeouts.py.")
        return float(getattr(self, name))

    def within(self, words: str) -> float:
        """The seconds of a step's optional budget; without one the step must hold now."""
        return self.named(words) if words else 0.0


def sentences() -> list[tuple[str, float, str]]:
    """(name in Gherkin, default seconds, sentence) of every budget, in their order."""
    return [(budget.name.replace("_", " "), float(str(budget.default)), budget.metadata["sentence"]) for budget in fields(Timeouts)]
