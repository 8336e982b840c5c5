"""Between one event and the next the waits grew by a factor up to a cap, no longer and no shorter than the policy says."""

from __future__ import annotations

from hivecheck.history import Event, History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def growing_waits(
    history: History,
    *,
    node: str,
    about: tuple[str, str],
    begin: str,
    end: str,
    base_seconds: float,
    factor: float,
    cap_seconds: float,
    jitter_fraction: float,
    lag_seconds: float,
    count: int,
    spent: str = "",
) -> Verdict:
    """The first `count` waits from a log event `begin` to the next `end` that is about this subject; times by the node's own stamps.
    Counted from when the node joined, if it did. `spent` names a field of `end`: seconds before it that were no waiting.

    Wait n is to be `base x factor^n`, at most `cap`, +- jitter; `lag_seconds` is what the machine may add.
    """
    joined = max((event.at for event in history.acts(node) if event.data.get("what") == "joined"), default=0.0)
    lines = [line for line in history.events("log", node) if line.data.get(about[0]) == about[1] and line.at >= joined]
    waits = _waits([line for line in lines if line.data.get("event") in (begin, end)], begin, end, spent)[:count]
    expected = [min(cap_seconds, base_seconds * factor**number) for number in range(count)]
    if len(waits) < count:
        return inconclusive(expected=f"{count} waits of {about[1]} at {node}", actual=f"{len(waits)}: {_shown(waits)}")
    for wait, nominal in zip(waits, expected, strict=True):
        if not nominal * (1 - jitter_fraction) - 0.005 <= wait <= nominal * (1 + jitter_fraction) + lag_seconds:
            return failed(
                expected=f"waits of {_shown(expected)} (+- {jitter_fraction:.0%}, {lag_seconds:g} s of lag)", actual=_shown(waits)
            )
    return passed(f"waits of {_shown(waits)}")


def _waits(lines: list[Event], begin: str, end: str, spent: str) -> list[float]:
    waits, begun = [], None
    for line in sorted(lines, key=lambda line: line.at):
        if line.data.get("event") == end and begun is not None:
            waits.append(line.at - float(line.data.get(spent, 0.0)) - begun)
            begun = None
        if line.data.get("event") == begin:
            begun = line.at
    return waits


def _shown(seconds: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in seconds) + " s"
