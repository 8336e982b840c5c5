"""Recovery figures in words and as data, for the table at the end of a run, JUnit properties, `recovery.json` and `result.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hivecheck.errors import InconclusiveError
from hivecheck.history import History
from hivecheck.measurement.recovery import Recovery, measure
from hivecheck.reports.result import Outcome, in_plan_order
from hivecheck.reports.text import one_line

HEADINGS = ("scenario", "fault", "detected", "back to normal", "available", "outage", "budget burn", "streams hit", "recovered by")
FORMAT = 2  # of recovery.json; 1 had no number


def keep(history: History, folder: Path) -> Recovery | None:
    """Compute a scenario's figures and write `recovery.json` into its folder; None without a fault under load, or with too few requests."""
    try:
        recovery = measure(history)
        folder.joinpath("recovery.json").write_text(json.dumps({"format": FORMAT} | data(recovery), indent=2) + "\n", encoding="utf-8")
    except (
        InconclusiveError,
        OSError,
    ):  # most scenarios have no fault or no load; a step demands the figures
        return None
    return recovery


def words(recovery: Recovery) -> dict[str, str]:
    """Each figure as a person reads it, by its heading (without the scenario's)."""
    blast, fault_targets = recovery.blast, len(recovery.fault_targets)
    of_how_many = "" if fault_targets == 1 else f" x {fault_targets}"
    return {
        "fault": f"{', '.join(recovery.faults)}{of_how_many}",
        "detected": "-" if recovery.detect is None else f"{recovery.detect:.2f} s",
        "back to normal": f"never (>= {recovery.watched:.1f} s)" if recovery.recover is None else f"{recovery.recover:.2f} s",
        "available": f"{recovery.availability:.2%}",
        "outage": f"{recovery.outage_seconds:.2f} s",
        "budget burn": f"{recovery.burn:.1f} x",
        "streams hit": f"{blast.hit} of {blast.alive}" if blast.alive else "none alive",
        "recovered by": _recovered_by(recovery),
    }


def data(recovery: Recovery) -> dict[str, Any]:
    """All figures as plain data. Times are seconds since the observed effect; null means that it did not happen while observed."""
    derived = {"availability": recovery.availability, "cure": recovery.cure, "blast_share": recovery.blast.share}
    return asdict(recovery) | derived


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """One line for each scenario that has figures, under headings; nothing if none has."""
    rows = [[_name(one), *words(one.recovery).values()] for one in in_plan_order(outcomes) if one.recovery]
    if not rows:
        return
    widths = [max(len(row[column]) for row in [list(HEADINGS), *rows]) for column in range(len(HEADINGS))]
    for row in [list(HEADINGS), *rows]:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _name(outcome: Outcome) -> str:
    return f"{','.join(outcome.planned.requirements)} {one_line(outcome.planned.key)}".strip()


def _recovered_by(recovery: Recovery) -> str:
    if recovery.heal is None or recovery.cure != "heal":
        return {"self": "itself", "none": "nothing"}.get(recovery.cure, "none needed")
    return f"removal at {recovery.heal:.2f} s"
