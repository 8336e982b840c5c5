"""Which earlier runs the report folder keeps: the newest that carried out something, and the newest with evidence of a failure."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from hivecheck.reports.evidence import STORY
from hivecheck.stack import kept_stacks

# Only folders with the name of a run. A user may point the report folder at a place with other files.
NAME = re.compile(r"\d{8}-\d{6}-\d+")


def remove(report_dir: Path, runs_kept: int) -> list[Path]:
    """Remove older runs, and return those of them with evidence of a scenario that did not pass.

    `runs_kept` runs that started a stack or a scenario stay, and as many with such evidence. 0 keeps all. A run with a kept stack stays.
    """
    runs = sorted((path for path in report_dir.glob("*") if path.is_dir() and NAME.fullmatch(path.name)), reverse=True)
    carried_out = [path for path in runs if any(path.glob("stacks/*")) or any(path.glob("scenarios/*"))]
    if not 0 < runs_kept < len(carried_out):
        return []
    newest = carried_out[:runs_kept]
    with_evidence = [path for path in carried_out if any(path.glob(f"scenarios/*/{STORY}"))]
    with_stack = {stack.run_id for stack in kept_stacks.kept_stacks(report_dir)}
    # A newer folder without content may belong to a run that has just begun.
    dropped = [path for path in runs[runs.index(newest[-1]) + 1 :] if path not in with_evidence[:runs_kept] and path.name not in with_stack]
    for path in dropped:
        shutil.rmtree(path, ignore_errors=True)
    return [path for path in dropped if path in with_evidence]
