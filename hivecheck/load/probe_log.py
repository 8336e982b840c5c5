"""The probes of a search as a JSONL file: the first line is the question, each further line one probe. A search resumes from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hivecheck.errors import UsageError
from hivecheck.load.knee import Probe

FORMAT = 1
FILE = "probes.jsonl"


class ProbeLog:
    """`question` is all that the probes depend on. Probes of another question are no evidence. Raises UsageError for such a file."""

    def __init__(self, path: Path, question: Mapping[str, Any]) -> None:
        self._path = path
        self.earlier: tuple[Probe, ...] = ()
        first = {"format": FORMAT, "kind": "probes", "question": json.loads(json.dumps(question))}
        if path.exists():
            self.earlier = _read(path, first)
        # Written anew, because a search that was killed may have left half a line at the end.
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [first, *map(asdict, self.earlier)]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    def keep(self, probe: Probe) -> None:
        """Add one probe."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(asdict(probe))}\n")


def _read(path: Path, first: Mapping[str, Any]) -> tuple[Probe, ...]:
    lines = path.read_text(encoding="utf-8").split("\n")
    # What follows the last line break is half a line.
    whole = [line for line in lines[:-1] if line]
    try:
        found, probes = (json.loads(whole[0]) if whole else first), tuple(Probe(**json.loads(line)) for line in whole[1:])
    except (ValueError, TypeError) as error:
        raise UsageError(f"expected: probes of a search\nactual: {path}: {error}\nnext: give another folder with --out") from error
    if found != first:
        asked, kept = first["question"], found.get("question", {}) if isinstance(found, dict) else {}
        other = sorted(name for name in {*asked, *kept} if asked.get(name) != kept.get(name)) if isinstance(kept, dict) else []
        raise UsageError(
            f"expected: {path} holds probes of the same search\nactual: another {', '.join(other) or 'format'}\n"
            "next: give the same options, or another folder with --out"
        )
    return probes
