"""The verdict of a load run about itself: whether its figures are those of the server, or of its own client. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.load.slo import Judgement
from hivecheck.protocol.exchange import FailureKind
from hivecheck.wording import counted, listed

LEAST_LATENESS_SECONDS = 0.001
LATENESS_GAPS = 0.05  # of the mean gap between two requests
SENT_SHARE = 0.99
LOOP_LAG_SECONDS = 0.010
CPU_SHARE = 0.9  # of one core, because one process has one loop
IDLE_CPU_SHARE = 0.5  # below it a late client waited for the processor, and more processes would wait too
LATE, UNSENT, LOOP_LAG, CPU, UNBALANCED, EMPTY = "late", "unsent", "loop_lag", "cpu", "unbalanced", "empty"
EXHAUSTED, INTERRUPTED = "exhausted", "interrupted"
SHARD_LATE, SHARD_DEAD = "shard_late", "shard_dead"
OWN_FAULTS = (LATE, LOOP_LAG, CPU, EXHAUSTED, SHARD_LATE, SHARD_DEAD)
OVERLOADED = (LATE, LOOP_LAG, CPU)  # more processes help against these
NO_SOCKET = FailureKind.EXHAUSTED


@dataclass(frozen=True)
class Facts:
    """What a run knows of itself. `lateness_limit` replaces the limit of lateness and of loop lag, 0 keeps the rules. Times are seconds."""

    scheduled: int
    sent: int
    done: int
    failed: int
    open: int
    duration_seconds: float
    lateness_p99: float
    loop_lag_p99: float
    cpu_share: float  # of one core, for the busiest process
    lateness_limit: float = 0.0
    exhausted: int = 0  # requests that found no descriptor or local port
    is_interrupted: bool = False
    processes: int = 1

    @property
    def lateness_allowed(self) -> float:
        """1 ms or 5 % of the mean gap, whichever is more. A given limit replaces both."""
        mean_gap = self.duration_seconds / self.scheduled if self.scheduled else 0.0
        return self.lateness_limit or max(LEAST_LATENESS_SECONDS, LATENESS_GAPS * mean_gap)

    @property
    def loop_lag_allowed(self) -> float:
        return max(LOOP_LAG_SECONDS, self.lateness_limit)


@dataclass(frozen=True)
class Reason:
    """Why a run is INVALID. Reports carry the code, so a code never changes its meaning."""

    code: str
    sentence: str


def reasons(facts: Facts) -> tuple[Reason, ...]:
    """Every reason against the figures of a run. None: the run is valid."""
    found = []
    if not facts.scheduled:
        found.append(Reason(EMPTY, "The schedule has no request."))
    # `not <=`, because a lateness of NaN is no evidence of a punctual client.
    elif not facts.lateness_p99 <= facts.lateness_allowed:
        found.append(Reason(LATE, f"The client sent late: p99 {_ms(facts.lateness_p99)}, allowed {_ms(facts.lateness_allowed)}."))
    if facts.sent < SENT_SHARE * facts.scheduled:
        found.append(
            Reason(UNSENT, f"The client sent {facts.sent} of {facts.scheduled} scheduled requests, and {SENT_SHARE:.0%} are needed.")
        )
    if facts.loop_lag_p99 > facts.loop_lag_allowed:
        found.append(
            Reason(LOOP_LAG, f"The client's event loop lagged: p99 {_ms(facts.loop_lag_p99)}, allowed {_ms(facts.loop_lag_allowed)}.")
        )
    if facts.cpu_share > CPU_SHARE:
        found.append(Reason(CPU, f"The client used {facts.cpu_share:.0%} of a core, and above {CPU_SHARE:.0%} its timing is unreliable."))
    if facts.exhausted:
        found.append(Reason(EXHAUSTED, f"The client had no socket left for {counted(facts.exhausted, 'request')}."))
    if facts.is_interrupted:
        found.append(Reason(INTERRUPTED, "The run was interrupted, so its figures are those of a part of the schedule."))
    ends = facts.done + facts.failed + facts.open
    if facts.sent != ends:
        found.append(Reason(UNBALANCED, f"Sent {facts.sent} is not done {facts.done} + failed {facts.failed} + open {facts.open}."))
    return tuple(found)


def side(facts: Facts, found: tuple[Reason, ...], judgements: tuple[Judgement, ...]) -> tuple[str, str]:
    """The answer to "is it my client or the server?": `client`, `server` or `unclear`, with its sentence."""
    own = f"lateness p99 {_ms(facts.lateness_p99)}, loop lag p99 {_ms(facts.loop_lag_p99)}, CPU {facts.cpu_share:.0%} of a core"
    if any(reason.code in OWN_FAULTS for reason in found):
        sentence = f"It is the client: it did not keep its schedule ({own}), so these figures do not describe the server."
        is_overloaded = any(reason.code in OVERLOADED for reason in found)
        return "client", f"{sentence} {_next_step(facts)}" if is_overloaded else sentence
    if found:
        return "unclear", f"It is unclear: the client was punctual ({own}), but the run is incomplete."
    broken = [judgement.term for judgement in judgements if not judgement.passed]
    verdict = f"It broke {listed(broken)}." if broken else "It met every objective." if judgements else "No objective was given."
    return "server", f"It is the server: the client kept its schedule ({own}). {verdict}"


def _next_step(facts: Facts) -> str:
    if facts.cpu_share < IDLE_CPU_SHARE:
        return "Next: other work holds this machine up, so run again on an idle machine."
    return f"Next: --carriers local:{2 * facts.processes} spreads the load over {2 * facts.processes} processes."


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
