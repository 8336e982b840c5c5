"""hivecheck's own engine: the command from end to end, and the bare protocol without schedule, tally and report."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from peers.peer import MODEL, Peer, Reported, Run

BENCHMARKS = Path(__file__).resolve().parents[1]


class OurLoad(Peer):
    """`hivecheck load`."""

    name = "ours"
    cases = ("streams", "unary", "ttft", "stop", "cut", "memory")

    def command(self, run: Run, binaries: Path) -> list[str]:
        case = run.case
        load = ["--users", str(case.users)] if case.users else ["--rate", f"{case.rate:g}"]
        rest = ["--no-calibration", "--duration", f"{case.seconds:g}", "--prompt-tokens", "5", "--out", str(run.folder)]
        rest += ["--seed", str(run.seed)]
        what = ["--max-output-tokens", str(case.tokens), *(["--numbered-tokens"] if case.is_stream else ["--stream-share", "0"])]
        return [sys.executable, "-m", "hivecheck.cli", "load", "--url", f"{run.base}/v1", "--model", MODEL, *load, *rest, *what]

    def environment(self, run: Run) -> Mapping[str, str]:
        return {}

    def version(self) -> str:
        return metadata.version("hivecheck")

    def reported(self, run: Run, output: str) -> Reported:
        result = json.loads((run.folder / "load.json").read_text())
        totals, figures = result["totals"], result["percentiles"]
        notes = [] if result["valid"] else [f"INVALID: {reason['code']}" for reason in result["invalid_reasons"]]
        ttft, e2e = figures["ttft"], figures["e2e"]
        failed = totals["scheduled"] - totals["done"]
        return Reported(totals["done"], failed, _number(ttft["p50"]), _number(ttft["p99"]), _number(e2e["p95"]), notes)


class OurEngine(Peer):
    """The bare engine of `load_engine.py`."""

    name = "engine"
    cases = ("streams", "unary")
    limits = ("ttft, stop, cut: the bare protocol has no schedule; `ours` has one",)

    def command(self, run: Run, binaries: Path) -> list[str]:
        kind = "burst" if run.case.is_stream else "unary"
        return [sys.executable, str(BENCHMARKS / "load_engine.py"), run.base.rsplit(":", 1)[1], "engine", kind]

    def environment(self, run: Run) -> Mapping[str, str]:
        return {}

    def version(self) -> str:
        return metadata.version("hivecheck")

    def reported(self, run: Run, output: str) -> Reported:
        figures = json.loads(output)
        return Reported(round(figures["per_second"] * run.case.seconds), 0)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
