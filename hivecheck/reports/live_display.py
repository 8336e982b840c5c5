"""The live lines of a terminal: a bar with done, failed and remaining time, and one line for each job. Prints nothing itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping

from rich.console import Group
from rich.text import Text

from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.reports.summary import STYLES
from hivecheck.reports.text import one_line

BAR_WIDTH = 20
# ASCII, which every terminal and locale can show.
DONE, OPEN = "#", "."


class LiveDisplay:
    """State of the live lines. `width` is asked at each drawing, because a person can resize the terminal."""

    def __init__(self, width: Callable[[], int], encodable: Callable[[str], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._width = width
        self._encodable = encodable
        self._clock = clock
        self._started = clock()
        self._planned_count = 0
        self._jobs = 1
        self._expected: Mapping[str, float] = {}
        self._finished: set[str] = set()
        self._counts: Counter[Status] = Counter()
        self._doing: dict[int, tuple[str, float]] = {}

    def start(self, planned_count: int) -> None:
        self._planned_count, self._started = planned_count, self._clock()

    def expect(self, jobs: int, seconds: Mapping[str, float]) -> None:
        """The number of jobs, and the expected seconds of each scenario by its key."""
        self._jobs, self._expected = jobs, seconds

    def doing(self, job: int, what: str) -> None:
        """What a job does from now on."""
        self._doing[job] = (one_line(what), self._clock())

    def started(self, job: int, planned: Planned) -> None:
        self.doing(job, f"{planned.name} [{planned.topology}]")

    def finished(self, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        self._finished.add(outcome.planned.key)

    def ended(self, job: int) -> None:
        """This job has no work any more."""
        self._doing.pop(job, None)

    def __rich__(self) -> Group:
        return Group(self._bar(), *(self._line(job, *self._doing[job]) for job in sorted(self._doing)))

    def _bar(self) -> Text:
        done = self._counts.total()
        filled = BAR_WIDTH * done // max(1, self._planned_count)
        parts: list[tuple[str, str]] = [(DONE * filled + OPEN * (BAR_WIDTH - filled), "dim"), (f"  {done}/{self._planned_count}", "bold")]
        for status in Status:
            if count := self._counts[status]:
                parts.append((f"  {count} {status}", STYLES[status]))
        if left := self._remaining():
            parts.append((f"  {left}", "dim"))
        return self._cut(Text.assemble(*parts))

    def _line(self, job: int, what: str, since: float) -> Text:
        head = f"{job + 1}  " if self._jobs > 1 else ""
        return self._cut(Text(self._encodable(f"{head}{self._clock() - since:5.1f}s  {what}")))

    def _remaining(self) -> str:
        """By the expected seconds of what is open, at the speed of this run so far; empty before there is one."""
        done = sum(seconds for key, seconds in self._expected.items() if key in self._finished)
        ahead = sum(seconds for key, seconds in self._expected.items() if key not in self._finished)
        if not done or not ahead:
            return ""
        seconds = round(ahead * (self._clock() - self._started) / done)
        if not seconds:
            return ""
        return f"about {seconds // 60}:{seconds % 60:02d} left"

    def _cut(self, line: Text) -> Text:
        # A live line that wraps leaves its first half on the screen.
        line.truncate(max(1, self._width() - 1))
        line.no_wrap = True
        return line
