"""What chats meet at their worker, by the words Gherkin uses: the simulator's faults."""

from __future__ import annotations

from hivecheck.errors import UsageError

BEHAVIOURS: dict[str, str] = {
    "an internal error": "fault=status:500",
    "a complaint about the request": "fault=status:400",
    "a full worker": "fault=status:429",
    "an overloaded worker": "fault=status:503",
    "a worker that hangs": "fault=hang",
    "a worker that stalls": "itl=0.01;fault=stall_after:3",
    "a worker that drips": "fault=slow_drip:100",
    "a slow stream": "itl=0.25;tokens=40",
    "a worker that resets the connection": "itl=0.01;fault=reset_after:3",
    "a cut in mid-event": "itl=0.01;fault=cut_at:1000",  # an event has some 220 bytes: it falls into the fourth or fifth
    "a worker that forgets the end marker": "itl=0.01;fault=no_done_after:3",
    "a worker that crashes": "fault=exit:1",
    "work of 0.1 seconds": "ttft=0.1",
    "work of 0.6 seconds": "ttft=0.6",
    "work of 6 seconds": "ttft=6",
    "nothing out of the ordinary": "",
}


def behaviour(words: str) -> str:
    """The simulator's behaviour for those words. Raises UsageError for words that are not in the table."""
    if words not in BEHAVIOURS:
        raise UsageError(f"There is no mishap {words!r}. Known: {', '.join(BEHAVIOURS)}.")
    return BEHAVIOURS[words]
