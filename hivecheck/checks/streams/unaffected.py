"""When a worker died, the streams it served broke off so that their clients can tell; every other stream is whole."""

from __future__ import annotations

from hivecheck.checks.facts import streams
from hivecheck.checks.streams.broken_stream import broken_stream
from hivecheck.checks.streams.whole_stream import whole_stream
from hivecheck.history import History
from hivecheck.verdict import Verdict, inconclusive, worst


def unaffected(history: History, *, what: str = "killed") -> Verdict:
    """There must be streams of both kinds."""
    dead = {event.node for event in history.acts() if event.data.get("what") == what}
    sides: dict[bool, History] = {True: History(), False: History()}
    for stream in streams(history):
        places = {line.node for line in history.arrivals(stream)}
        sides[bool(places & dead)].record(stream)
    if not all(side.operations() for side in sides.values()):
        return inconclusive(
            expected="a stream of the dead worker and one of another", actual=f"{[len(side.operations()) for side in sides.values()]}"
        )
    return worst([broken_stream(sides[True]), whole_stream(_with_journal(history, sides[False]))])


def _with_journal(whole: History, side: History) -> History:
    for event in whole.events():
        side.record(event)
    return side
