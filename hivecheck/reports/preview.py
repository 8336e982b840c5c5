"""The lines of a dry run: the scenarios that would run, and the others by the reason why they are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TextIO

from hivecheck.reports.result import Planned
from hivecheck.reports.text import one_line
from hivecheck.settings import Settings
from hivecheck.wording import counted


def write(stream: TextIO, plan: Iterable[Planned], refused: Mapping[str, str], settings: Settings) -> int:
    """Write the lines; returns exit code 2 if no scenario would run. `refused`: key -> why the scenario cannot start."""
    judged = [replace(planned, unsupported_reason=planned.unsupported_reason or refused.get(planned.key)) for planned in plan]
    stream.write("".join(f"{line}\n" for line in lines(judged, settings)))
    return 0 if any(not planned.unsupported_reason for planned in judged) else 2


def lines(plan: Sequence[Planned], settings: Settings) -> Iterator[str]:
    """What a run with this plan and these settings takes and leaves out."""
    left_out: dict[str, list[Planned]] = defaultdict(list)
    for planned in plan:
        if planned.unsupported_reason:
            left_out[planned.unsupported_reason].append(planned)
    runs = [planned for planned in plan if not planned.unsupported_reason]
    yield f"hivecheck  {counted(len(plan), 'scenario')}  platform {settings.platform}  target {settings.target}  dry run: nothing starts"
    yield f"would run: {counted(len(runs), 'scenario')}"
    yield from (_line(planned) + f"  topology {planned.topology}" for planned in runs)
    yield f"left out: {counted(len(plan) - len(runs), 'scenario')}"
    for reason, scenarios in sorted(left_out.items()):
        yield f"  {one_line(reason)}: {counted(len(scenarios), 'scenario')}"
        yield from (f"  {_line(planned)}" for planned in scenarios)


def _line(planned: Planned) -> str:
    return f"  {' '.join(planned.requirements) or '-'}  {one_line(planned.name)}  {planned.key}"
