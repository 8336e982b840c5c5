"""The recent peaks of a counter, to compare a late report with the count at its time. Pure: the clock is an argument."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MEMORY_SECONDS = 10.0

# One number for each slot of time bounds the memory of a busy worker: 200 slots instead of each start and end.
SLOT_SECONDS = 0.05


@dataclass(slots=True)
class _Slot:
    number: int
    peak: int
    last: int


class RecentPeaks:
    """The counts of the last MEMORY_SECONDS. Times are monotonic, in seconds, and grow from call to call."""

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: deque[_Slot] = deque()

    def record(self, count: int, now: float) -> None:
        """The counter has a new value."""
        number = int(now / SLOT_SECONDS)
        newest = self._slots[-1] if self._slots else None
        if newest and newest.number == number:
            newest.peak, newest.last = max(newest.peak, count), count
            return
        self._slots.append(_Slot(number, max(newest.last if newest else 0, count), count))
        # The count at the start of the memory is the last one of the slot before it.
        while len(self._slots) > 1 and self._slots[1].number < number - MEMORY_SECONDS / SLOT_SECONDS:
            self._slots.popleft()

    def most(self, since: float, until: float) -> int:
        """The greatest count from `since` to `until`, to the accuracy of a slot."""
        most = 0
        for slot in reversed(self._slots):
            if slot.number < int(since / SLOT_SECONDS):
                return max(most, slot.last)
            if slot.number <= int(until / SLOT_SECONDS):
                most = max(most, slot.peak)
        return most
