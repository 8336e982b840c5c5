"""A component waits longer after each failure: by its own log, or by the connection attempts that a packet fault counted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hivecheck.history import Event, History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

# Parallel requests begin their attempts this close together, because none of them knows of the others' failure. A backoff counts from the
# last of them.
TOGETHER_SECONDS = 0.5
SHRINKING = 0.9  # scheduling delays shorten a gap by less than this
ROUNDING_SECONDS = 0.005  # log stamps are rounded, so a wait can look shorter by so much


@dataclass(frozen=True)
class Backoff:
    """Wait number n is `base_seconds` x `factor`^n, at most `cap_seconds`, +- `jitter_fraction` of it."""

    base_seconds: float
    factor: float
    cap_seconds: float
    jitter_fraction: float

    def waits(self, count: int) -> list[float]:
        """The first `count` waits in seconds, without jitter."""
        return [min(self.cap_seconds, self.base_seconds * self.factor**number) for number in range(count)]


@dataclass(frozen=True)
class LogSpan:
    """The time from a log event `begin` of `node` to its next event `end`, both with the field `about` (name, value).

    `spent` names a field of `end`: seconds before `end` that were no waiting, such as the duration of the attempt.
    """

    node: str
    about: tuple[str, str]
    begin: str
    end: str
    spent: str = ""

    def seconds(self, history: History) -> list[float]:
        """Every such time in order, by the node's own stamps, since the node joined."""
        joined = max((event.at for event in history.acts(self.node) if event.data.get("what") == "joined"), default=0.0)
        field, value = self.about
        lines = [line for line in history.events("log", self.node) if line.data.get(field) == value and line.at >= joined]
        return self._between(sorted(lines, key=lambda line: line.at))

    def _between(self, lines: list[Event]) -> list[float]:
        spans, begun = [], None
        for line in lines:
            if line.data.get("event") == self.end and begun is not None:
                spans.append(line.at - float(line.data.get(self.spent, 0.0)) - begun)
                begun = None
            if line.data.get("event") == self.begin:
                begun = line.at
        return spans


def growing_waits(history: History, *, span: LogSpan, backoff: Backoff, count: int, lag_seconds: float) -> Verdict:
    """The first `count` waits of `span` are those of `backoff`. `lag_seconds` is the delay that the machine may add to each."""
    waits = span.seconds(history)[:count]
    if len(waits) < count:
        actual = f"{len(waits)}: {_seconds(waits)}"
        return inconclusive(expected=f"{counted(count, 'wait')} of {span.about[1]} in the log of {span.node}", actual=actual)
    nominal = backoff.waits(count)
    for wait, due in zip(waits, nominal, strict=True):
        least, most = due * (1 - backoff.jitter_fraction) - ROUNDING_SECONDS, due * (1 + backoff.jitter_fraction) + lag_seconds
        if not least <= wait <= most:
            tolerance = f"(+- {backoff.jitter_fraction:.0%}, up to {lag_seconds:g} s later)"
            return failed(expected=f"{span.node} waits {_seconds(nominal)} {tolerance}", actual=_seconds(waits))
    return passed(f"{span.node} waited {_seconds(waits)}")


def growing_gaps(history: History, *, node: str, factor: float, count: int) -> Verdict:
    """At least `count` gaps between attempts to reach `node`: none much shorter than the one before, the last `factor` times the first.

    The stats of the last fault on `node` hold the times at which a peer opened a connection. TCP retransmissions are not attempts.
    """
    stats = [event.data["stats"] for event in history.events("fault", node) if event.data.get("stats")]
    if not stats:
        return inconclusive(expected=f"a removed fault on {node} with packet statistics", actual="none")
    attempts = [float(at) for at in stats[-1]["attempts"]]
    gaps = [after - before for before, after in pairwise(attempts) if after - before >= TOGETHER_SECONDS]
    if not attempts:
        return failed(expected=f"peers try to reach {node} during the fault, else they cannot find it again", actual="no attempt")
    if len(gaps) < count:
        return inconclusive(expected=f"{counted(count, 'gap')} between attempts to reach {node}", actual=f"{len(gaps)}: {_seconds(gaps)}")
    if any(after < SHRINKING * before for before, after in pairwise(gaps)) or gaps[-1] < factor * gaps[0]:
        expected = f"the gaps between attempts to reach {node} grow, and the last is at least {factor:g} times the first"
        return failed(expected=expected, actual=f"gaps of {_seconds(gaps)}")
    return passed(f"gaps of {_seconds(gaps)}")


def _seconds(seconds: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in seconds) + " s"
