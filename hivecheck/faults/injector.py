"""Injects faults and removes them. Removal is registered before the harm, and the last injection is removed first."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hivecheck.errors import (
    ClientError,
    ConditionTimeoutError,
    HealError,
    HivecheckError,
    InconclusiveError,
    NotSupportedError,
    Reason,
    UsageError,
)
from hivecheck.faults import FAULTS
from hivecheck.faults.fault import Fault, FaultTarget, StatsProvider
from hivecheck.history import INJECTED, REMOVED, Event, History
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually
from hivecheck.wording import counted

MOST_AT_ONCE = 16  # active injections of one scenario; more is a mistake in it, not a test

# (fault target, all targets under a fault) -> the incarnation of a worker before the injection; None for a target that is no worker.
# A later incarnation differs from it. The injector itself knows no registry.
Identify = Callable[[FaultTarget, Sequence[FaultTarget]], int | None]


@dataclass
class Injection:
    """One fault on one fault target. `name` is the fault's in FAULTS, `target` the selector; `timer` removes it after its duration."""

    name: str
    target: str
    fault: Fault
    fault_target: FaultTarget
    timer: threading.Timer | None = None
    removed: threading.Event = field(default_factory=threading.Event)
    failure: HivecheckError | None = None

    def is_on(self, target: str, name: str | None = None) -> bool:
        """Whether this fault was injected into the target; with `name`, only a fault of that name."""
        return target in (self.target, self.fault_target.name) and name in (None, self.name)

    def sentence(self) -> str:
        return f"{self.name} on {self.fault_target.name}"


@dataclass
class Injector:
    """All injections of one scenario, in their order. When the harness dies, the run's watchdog removes the stack with its faults."""

    history: History
    timeouts: Timeouts
    identify: Identify
    known: Mapping[str, Callable[[], Fault]] = field(default_factory=lambda: FAULTS)
    injections: list[Injection] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def inject(self, name: str, target: str, fault_targets: Sequence[FaultTarget], seconds: float | None = None) -> None:
        """Inject the fault into all fault targets in turn and observe each effect. With `seconds`, a timer removes each one.

        Raises UsageError for an unknown fault or too many at once. Raises NotSupportedError where the platform lacks a capability.
        Raises InconclusiveError for a target that the fault cannot have, and for a fault without effect (removed again).
        """
        if name not in self.known:
            raise UsageError(f"expected: a fault of {', '.join(self.known)}\nactual: {name!r}\nnext: see docs/faults.md")
        if len(self.active()) + len(fault_targets) > MOST_AT_ONCE:
            raise UsageError(
                f"expected: at most {MOST_AT_ONCE} faults at once\n"
                f"actual: {counted(len(self.active()), 'active fault')} and {len(fault_targets)} more\nnext: remove faults first"
            )
        for fault_target in fault_targets:
            _must_be_supported(self.known[name](), fault_target)
        for fault_target in fault_targets:
            self._inject(Injection(name, target, self.known[name](), fault_target), seconds)

    def active(self) -> list[Injection]:
        return [injection for injection in self.injections if not injection.removed.is_set()]

    def heal(self, target: str, name: str | None = None) -> None:
        """Remove the active faults of this name (None: all) from the target, the last injection first, and verify that nothing is left.

        Raises UsageError when none is active, HealError for what stays, InconclusiveError for a fault that did something else.
        """
        injected = [injection for injection in self.active() if injection.is_on(target, name)]
        if not injected:
            active = ", ".join(item.sentence() for item in self.active()) or "no fault"
            raise UsageError(
                f"expected: {name or 'a fault'} on {target} to remove\nactual: active is {active}\n"
                "next: name the fault and the target as at the injection"
            )
        for injection in reversed(injected):
            self._heal(injection, "on demand")
        self._raise_failures()

    def await_end(self, target: str, name: str | None = None) -> None:
        """Return when every fault with a duration on this target is over and removed. Raises UsageError when there is none."""
        timed = [injection for injection in self.injections if injection.timer and injection.is_on(target, name)]
        if not timed:
            injected = ", ".join(item.sentence() for item in self.injections) or "no fault"
            raise UsageError(
                f"expected: {name or 'a fault'} with a duration on {target}\nactual: injected was {injected}\n"
                "next: inject it `for <n> seconds`"
            )
        for injection in timed:
            # Longer than the removal may take, so that an error of the removal is reported instead of a timeout.
            longest = injection.timer.interval + self.timeouts.fault_heal + self.timeouts.settling if injection.timer else 0.0
            eventually(injection.removed.is_set, within=longest, what=f"{injection.sentence()} is over")
        self._raise_failures()

    def heal_all(self) -> None:
        """Remove every fault, the last injection first, and verify that nothing is left. Raises as `heal` does."""
        for injection in reversed(self.active()):
            with contextlib.suppress(HivecheckError):  # the other faults must be removed all the same; the error is raised below
                self._heal(injection, "at the end")
        self._raise_failures()

    def _inject(self, injection: Injection, seconds: float | None) -> None:
        with self._lock:
            self.injections.append(injection)
        begun, injected_at = time.monotonic(), None
        try:
            epoch = self.identify(injection.fault_target, [active.fault_target for active in self.active()])
            injection.fault.inject(injection.fault_target)
            injected_at = time.monotonic()
            effect = eventually(
                lambda: injection.fault.effect(injection.fault_target),
                within=self.timeouts.fault_effect,
                what=f"{injection.sentence()} has an effect",
            )
        except BaseException as error:
            if injected_at is None and isinstance(error, InconclusiveError) and error.reason is Reason.USAGE_ERROR:
                # The fault refused its target before the harm. Its removal would fail in the same way and hide the refusal.
                with self._lock:
                    self.injections.remove(injection)
                raise
            with contextlib.suppress(HivecheckError):
                self._heal(injection, "because it had no effect")
            if isinstance(error, ConditionTimeoutError | ClientError):
                raise InconclusiveError(f"{injection.sentence()} had no effect\n{error}", reason=Reason.NO_EFFECT) from None
            raise
        if seconds is not None:
            injection.timer = threading.Timer(seconds, self._expire, [injection])
            injection.timer.daemon = True
            injection.timer.start()
        took = round(time.monotonic() - begun, 4)
        act = {"act": injection.fault.act, "is_worker": epoch is not None, "epoch": epoch}
        self._note(injection, INJECTED, **act, effect=effect, injected_at=injected_at, inject_seconds=took, duration_seconds=seconds)

    def _expire(self, injection: Injection) -> None:
        with contextlib.suppress(HivecheckError):  # kept in `failure` and raised by the next call
            self._heal(injection, "at the end of its duration")

    def _heal(self, injection: Injection, by: str) -> None:
        with self._lock:
            if injection.removed.is_set():
                return
            if injection.timer:
                injection.timer.cancel()
            begun = time.monotonic()
            try:
                self._remove(injection)
                took = round(time.monotonic() - begun, 4)
                stats = injection.fault.stats() if isinstance(injection.fault, StatsProvider) else {}
                self._note(injection, REMOVED, by=by, heal_seconds=took, stats=stats)
                if "doubt" in stats:
                    injection.failure = InconclusiveError(
                        f"expected: {injection.sentence()}\nactual: {stats['doubt']}\nnext: repeat the run on a less busy machine"
                    )
            finally:
                # Last, because `await_end` waits for it without the lock and then reads the event and the failure.
                injection.removed.set()

    def _remove(self, injection: Injection) -> None:
        """Remove the fault and verify that nothing is left. Raises HealError, which the injection keeps as its failure."""
        try:
            injection.fault.remove(injection.fault_target)
            eventually(
                lambda: injection.fault.remaining(injection.fault_target),
                within=self.timeouts.fault_heal,
                what="nothing left",
                until=lambda left: left is None,
            )
        except HivecheckError as error:
            injection.failure = HealError(f"{injection.sentence()} could not be removed\n{error}")
            raise injection.failure from None

    def _raise_failures(self) -> None:
        failures = [injection.failure for injection in self.injections if injection.failure]
        for injection in self.injections:
            injection.failure = None
        if failures:
            is_left = any(isinstance(failure, HealError) for failure in failures)
            raise (HealError if is_left else InconclusiveError)("\n".join(str(failure) for failure in failures))

    def _note(self, injection: Injection, what: str, **data: object) -> None:
        noted = {"what": what, "fault": injection.name, **data}
        self.history.record(Event(time.monotonic(), "fault", injection.fault_target.name, noted))


def _must_be_supported(fault: Fault, fault_target: FaultTarget) -> None:
    """Raise NotSupportedError unless the platform has each capability that the fault requires."""
    platform = fault_target.stack.platform
    if missing := sorted(fault.requires - platform.capabilities("node")):
        noun = "capability" if len(missing) == 1 else "capabilities"
        names, needed = ", ".join(f"'{name}'" for name in missing), " ".join(f"@requires.{name}" for name in missing)
        raise NotSupportedError(
            f"platform '{platform.name}' lacks {noun} {names}; next: run with --platform docker, and tag the scenario with {needed}"
        )
