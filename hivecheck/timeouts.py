"""Every time budget: name, seconds, one sentence. Gherkin says `within the worker detection time`; no step holds a number."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields, replace
from typing import Any

from hivecheck.errors import UsageError


def _budget(seconds: float, sentence: str) -> Any:
    return field(default=seconds, metadata={"sentence": sentence})


@dataclass(frozen=True)
class Timeouts:
    """All budgets in seconds. `scaled` multiplies each of them for a slow machine."""

    node_ready: float = _budget(20.0, "From a node's start until its first successful health check.")
    stack_ready: float = _budget(30.0, "From the first node's start until the gateway routes to every declared worker.")
    node_stop: float = _budget(10.0, "From SIGTERM to an idle node until its process has exited.")
    settling: float = _budget(3.0, "From the last request until journals, logs and counters agree with it.")
    fault_effect: float = _budget(5.0, "From the injection of a fault until its effect is observed; without one it proves nothing.")
    partition_detection: float = _budget(15.0, "From a partition until the gateway sends no more requests to the hive behind it (INT-004).")
    partition_recovery: float = _budget(5.0, "From the end of a partition until the nodes behind it serve again (INT-004).")
    fault_heal: float = _budget(10.0, "From the start of a fault's removal until nothing of the fault remains.")
    heal: float = _budget(15.0, "From the end of a scenario until its stack is at its baseline again.")
    scenario: float = _budget(90.0, "The longest duration of a scenario; a longer one is stopped as hung.")
    slow_scenario: float = _budget(900.0, "The longest duration of a scenario with the tag @slow; a longer one is stopped as hung.")
    request: float = _budget(30.0, "The longest wait of a client for a response that has no other budget.")
    clean_up: float = _budget(10.0, "From the death of the harness until nothing of its run remains.")
    start_refusal: float = _budget(10.0, "From a node's start with a malformed setting until it has reported the setting and exited.")
    idle_chat: float = _budget(10.0, "A chat on an idle stack, from request to end marker (FULL-001).")
    registration: float = _budget(5.0, "From the moment a worker's models are ready until the registry lists the worker (FULL-003).")
    convergence: float = _budget(5.0, "From a change in the registry until the gateway shows it to clients (FULL-003).")
    heartbeat: float = _budget(2.0, "From one visible heartbeat to the next, at the topology's interval (CLU-002).")
    worker_detection: float = _budget(2.0, "From a worker's death until routing and registry have removed it (FULL-005).")
    pause_detection: float = _budget(3.0, "From the pause of a worker until the gateway stops routing to it (WC-006).")
    worker_return: float = _budget(3.0, "From a worker's recovery until it serves again (WC-006).")
    recovery: float = _budget(5.0, "From a fault within the fault budget until requests are served as before the fault (LOAD-010).")
    restart: float = _budget(10.0, "From a worker's death until its hive has restarted it and registered it (SVC-011).")
    download: float = _budget(60.0, "From the request for a small model until its file is downloaded and a worker serves it (FULL-007).")
    damage_detection: float = _budget(10.0, "From the damage of a hive's catalogue until the hive has detected and repaired it (INT-006).")
    repeated_attempts: float = _budget(25.0, "From a worker's first attempt to register until its seventh, at full time limits (CLU-007).")
    restart_lag: float = _budget(1.0, "The longest delay of a worker's restart beyond the wait of the restart policy (SVC-011).")
    removal: float = _budget(8.0, "From the last heartbeat until the registry removes a silent worker (SVC-013).")
    database_fault_detection: float = _budget(
        5.0, "From a change of the registry's database until the registry has detected and handled it (INT-007)."
    )
    lease_expiry: float = _budget(4.0, "From the last heartbeat until a silent worker is offline: its TTL and one sweep (CLU-004).")
    cascading_shutdown: float = _budget(30.0, "From SIGTERM to the gateway until every process of the cascade has exited (FULL-004).")
    orchestrator_return: float = _budget(3.0, "From the start of a stopped gateway until it routes to active workers again (INT-012).")
    worker_choice: float = _budget(
        0.1, "From a client's request until its arrival at a worker: routing and everything around it (CHAT-024)."
    )
    connection_rejection: float = _budget(1.0, "From a new connection to a full hive until the hive has refused and closed it (RE-004).")
    rejection: float = _budget(3.0, "From the first byte of a hostile client until its refusal, slow clients included (SEC-001).")
    slot_release: float = _budget(2.0, "From the end of a request until its worker reports no running request (FULL-001).")
    ledger_lag: float = _budget(
        0.5,
        "The part of a running stream before a kill of the gateway that the ledger may lack, at the topology's interval (CHAT-019).",
    )
    cancellation: float = _budget(0.25, "From a client's disconnect until its worker has cancelled the request (GATE-002, GATE-017).")
    half_open: float = _budget(3.0, "From the opening of a circuit until the breaker allows a probe, at the topology's settings (CLU-035).")
    hung_request: float = _budget(1.7, "From a request to a hung worker until its client has an error, with `short_timeouts` (GATE-007).")
    stream_abort: float = _budget(
        1.2, "From the last byte of a stalled stream until its client has an error, with `short_timeouts` (CLU-038)."
    )
    silent_peer: float = _budget(
        2.8, "From the last byte of a crashed hive until the client of its stream has an error, with `network_faults` (NF-006)."
    )
    added_first_token: float = _budget(0.005, "The time that the gateway may add to the TTFT on a kept-alive connection (GATE-014).")
    load_lateness: float = _budget(
        0.05, "The p99 by which the client of a load run may be late, its event loop included; a later one is INVALID (LOAD-006)."
    )
    chunk_lag: float = _budget(0.05, "The longest delay of a streamed token between worker and client (SVC-007).")

    def scaled(self, factor: float) -> Timeouts:
        """Every budget times `factor`. Raises UsageError unless that is more than 0."""
        if not factor > 0:
            raise UsageError(f"expected: timeout_scale above 0; 2 doubles every time budget\nactual: timeout_scale={factor:g}")
        return replace(self, **{budget.name: getattr(self, budget.name) * factor for budget in fields(self)})

    def named(self, words: str) -> float:
        """The seconds of a budget by its words in Gherkin, e.g. `worker detection`. Raises UsageError for an unknown one."""
        name = words.strip().replace(" ", "_")
        if name not in {budget.name for budget in fields(self)}:
            near = difflib.get_close_matches(words, [budget.name.replace("_", " ") for budget in fields(self)], n=1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            raise UsageError(f"expected: a time budget\nactual: {words!r}\nnext: {hint}docs/timeouts.md lists all")
        return float(getattr(self, name))

    def within(self, words: str) -> float:
        """The seconds of a step's optional budget; without one the step must hold now."""
        # 0 seconds is still one probe: `eventually` calls it before it looks at the clock.
        return self.named(words) if words else 0.0


def sentences() -> list[tuple[str, float, str]]:
    """(name in Gherkin, default seconds, sentence) of every budget, in their order."""
    return [(budget.name.replace("_", " "), float(str(budget.default)), budget.metadata["sentence"]) for budget in fields(Timeouts)]
