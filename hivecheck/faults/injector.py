"""Strikes with faults and heals them: the cure is registered before the harm, a lease ends by itself, the last strike heals first."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import ClientError, ConditionTimeout, HealError, HivecheckError, InconclusiveError, UsageError
from hivecheck.faults import FAULTS
from hivecheck.faults.fault import Accountable, Fault, Victim
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

MOST_AT_ONCE = 16  # strikes that are active in one scenario; more is a mistake in it, not a test


@dataclass
class Strike:
    """One fault on one victim. `words` are the fault's in FAULTS, `target` who was to be struck; `lease` heals it when its time is over."""

    words: str
    target: str
    fault: Fault
    victim: Victim
    lease: threading.Timer | None = None
    healed: threading.Event = field(default_factory=threading.Event)
    trouble: HivecheckError | None = None

    def is_on(self, target: str) -> bool:
        return target in (self.target, self.victim.name)

    def sentence(self) -> str:
        return f"{self.words} on {self.victim.name}"


@dataclass
class Injector:
    """All strikes of one scenario, in their order. What outlives the harness is undone by the run's watchdog, which removes the stack."""

    history: History
    timeouts: Timeouts
    known: Mapping[str, Callable[[], Fault]] = field(default_factory=lambda: FAULTS)
    strikes: list[Strike] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def strike(self, words: str, target: str, victims: Sequence[Victim], seconds: float | None = None) -> None:
        """Strike all victims, one after the other, and see each strike bite; with `seconds`, each heals by itself after them.

        Raises UsageError for an unknown fault or too many at once, InconclusiveError (healed again) for one that does not bite.
        """
        if words not in self.known:
            raise UsageError(f"There is no fault {words!r}. Known: {', '.join(self.known)}.")
        if len(self.active()) + len(victims) > MOST_AT_ONCE:
            raise UsageError(f"wanted: at most {MOST_AT_ONCE} strikes at once\ngot: {len(self.active())} active, {len(victims)} more")
        for victim in victims:
            self._strike(Strike(words, target, self.known[words](), victim), seconds)

    def active(self) -> list[Strike]:
        return [strike for strike in self.strikes if not strike.healed.is_set()]

    def heal(self, target: str) -> None:
        """Heal what is active on this target, the last strike first. Raises UsageError when nothing is, HealError for what stays,
        InconclusiveError for what was not what it was meant to be."""
        struck = [strike for strike in self.active() if strike.is_on(target)]
        if not struck:
            raise UsageError(f"wanted: a fault on {target} to heal\ngot: active are {[item.sentence() for item in self.active()]}")
        for strike in reversed(struck):
            self._heal(strike, "on demand")
        self._raise_troubles()

    def await_leases(self, target: str) -> None:
        """Return when every lease on this target is over and healed. Raises UsageError when there is none."""
        leased = [strike for strike in self.strikes if strike.lease and strike.is_on(target)]
        if not leased:
            raise UsageError(f"wanted: a fault with a duration on {target}\ngot: {[item.sentence() for item in self.strikes]}")
        for strike in leased:
            # Longer than the healing may take: what went wrong with that is the better word.
            longest = strike.lease.interval + self.timeouts.fault_heal + self.timeouts.settling if strike.lease else 0.0
            eventually(strike.healed.is_set, within=longest, what=f"{strike.sentence()} is over")
        self._raise_troubles()

    def heal_all(self) -> None:
        """Heal everything, the last strike first, and verify that nothing is left. Raises as `heal` does."""
        for strike in reversed(self.active()):
            with contextlib.suppress(HivecheckError):  # the others must be healed all the same; what went wrong is raised below
                self._heal(strike, "at the end")
        self._raise_troubles()

    def _strike(self, strike: Strike, seconds: float | None) -> None:
        with self._lock:
            self.strikes.append(strike)
        begun = time.monotonic()
        try:
            epoch = self._epoch(strike.victim)
            strike.fault.inject(strike.victim)
            act = self.history.act(strike.victim.name, strike.fault.done, is_worker=epoch is not None, epoch=epoch)
            effect = eventually(
                lambda: strike.fault.effect(strike.victim), within=self.timeouts.fault_bite, what=f"{strike.sentence()} bites"
            )
        except BaseException as error:
            with contextlib.suppress(HivecheckError):
                self._heal(strike, "because it did not bite")
            if isinstance(error, ConditionTimeout | ClientError):
                raise InconclusiveError(f"{strike.sentence()} did not bite\n{error}") from None
            raise
        if seconds is not None:
            strike.lease = threading.Timer(seconds, self._expire, [strike])
            strike.lease.daemon = True
            strike.lease.start()
        took = round(time.monotonic() - begun, 4)
        self._note(strike, "struck", effect=effect, struck_at=act.at, inject_seconds=took, lease_seconds=seconds)

    def _expire(self, strike: Strike) -> None:
        with contextlib.suppress(HivecheckError):  # kept in `trouble`, and raised by whoever looks next
            self._heal(strike, "by its lease")

    def _heal(self, strike: Strike, by: str) -> None:
        with self._lock:
            if strike.healed.is_set():
                return
            if strike.lease:
                strike.lease.cancel()
            begun = time.monotonic()
            try:
                strike.fault.heal(strike.victim)
                within = self.timeouts.fault_heal
                eventually(lambda: strike.fault.residue(strike.victim), within=within, what="nothing left", until=lambda left: left is None)
            except HivecheckError as error:
                strike.trouble = HealError(f"{strike.sentence()} could not be healed\n{error}")
                raise strike.trouble from None
            finally:
                strike.healed.set()
            took, account = round(time.monotonic() - begun, 4), strike.fault.account() if isinstance(strike.fault, Accountable) else {}
            self._note(strike, "healed", by=by, heal_seconds=took, account=account)
            if "doubt" in account:
                strike.trouble = InconclusiveError(f"wanted: {strike.sentence()}\ngot: {account['doubt']}")

    def _raise_troubles(self) -> None:
        troubles = [strike.trouble for strike in self.strikes if strike.trouble]
        for strike in self.strikes:
            strike.trouble = None
        if troubles:
            is_left = any(isinstance(trouble, HealError) for trouble in troubles)
            raise (HealError if is_left else InconclusiveError)("\n".join(str(trouble) for trouble in troubles))

    def _note(self, strike: Strike, what: str, **data: object) -> None:
        told = {"what": what, "fault": strike.words, **data}
        self.history.record(Event(time.monotonic(), "fault", strike.victim.name, told))

    def _epoch(self, victim: Victim) -> int | None:
        """A worker's epoch before the strike, so that a later incarnation is told from the struck one; None for no worker."""
        if victim.is_node and victim.node.service != "worker":
            return None
        return int(self._workers(victim.stack).get(victim.name, {}).get("epoch", 0))

    def _workers(self, stack: Stack) -> dict[str, dict[str, Any]]:
        """As the registry lists them; while it is struck itself, or not back yet, as it did when the orchestrator last heard of it."""
        if not any(strike.victim.node.service == "registry" for strike in self.active()):
            with contextlib.suppress(ClientError):
                return stack.registry.services("worker", status="all")
        return stack.orchestrator.workers()
