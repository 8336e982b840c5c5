"""The result of a load run: figures, judgements and reasons, as JSON of format 1. It is judged once, after the merge."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hivecheck.errors import ReportError, UsageError
from hivecheck.load import slo, validity
from hivecheck.load.measured import Measured
from hivecheck.load.plan import Plan
from hivecheck.load.slo import PERCENTS, Judgement
from hivecheck.load.tally import METRICS, WINDOW_COUNTS, WINDOW_METRICS, WINDOW_SECONDS, Tally
from hivecheck.load.validity import Facts, Reason
from hivecheck.measurement.histogram import Histogram

FORMAT = 1
RESULT_FILE = "load.json"
WINDOW_PERCENTS = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
# A share of the complete streams above which a disagreement is the rule and no accident.
ALARM_SHARE = 0.01
ALARMS = {
    "usage_differs": "{share:.0%} of the streams had more or fewer tokens in their usage than chunks, so ITL is a mean.",
    "usage_missing": "{share:.0%} of the streams had no usage: a chunk counts as a token.",
    "bursts": "{share:.0%} of the streams came in one burst at their end: a proxy holds tokens back, and a low ITL is no success.",
}


@dataclass(frozen=True)
class LoadResult:
    """A judged run. `data` is the whole JSON, and the rest is what the reports and the exit code need of it."""

    data: Mapping[str, Any]
    tally: Tally
    judgements: tuple[Judgement, ...]
    reasons: tuple[Reason, ...]

    @property
    def is_valid(self) -> bool:
        return not self.reasons

    @property
    def exit_code(self) -> int:
        """0: valid, and every objective is met. 1: one is broken. 2: INVALID."""
        if not self.is_valid:
            return 2
        return 0 if all(judgement.passed for judgement in self.judgements) else 1


def judge(
    plan: Plan,
    measured: Measured,
    *,
    version: str,
    started_at: float,
    calibration: Mapping[str, Any] | None,
    added: Sequence[Reason] = (),
    shards: Sequence[Mapping[str, Any]] = (),
) -> LoadResult:
    """Judge a run. `started_at` is wall-clock seconds. `added` are reasons of the coordinator, such as a shard that died.

    `shards` are the facts of each shard, none for a run in one process.
    """
    tally = measured.tally
    counts, scheduled = tally.counts, measured.scheduled
    shares = {
        "error_rate": (scheduled - counts["done"] - measured.open, scheduled),
        "integrity_rate": (counts["streams_done"], measured.streams_scheduled),
        "goodput": (counts["good"], scheduled),
    }
    judgements = slo.judge(slo.parse(plan.slo), tally.histograms, shares)
    facts = _facts(plan, measured)
    reasons = (*validity.reasons(facts), *added)
    side, sentence = validity.side(facts, reasons, judgements)
    data = {
        "format": FORMAT,
        "kind": "load",
        "version": version,
        "plan": json.loads(plan.to_json()),
        "seed": plan.seed,
        "started_at": started_at,
        "valid": not reasons,
        "invalid_reasons": [vars(reason) for reason in reasons],
        "side": side,
        "sentence": sentence,
        "slos": [vars(judgement) for judgement in judgements],
        "totals": _totals(measured),
        "offered_rate": _in_window(tally, "sent", measured.duration_seconds) / measured.duration_seconds,
        "done_rate": _in_window(tally, "done", measured.duration_seconds) / measured.duration_seconds,
        "token_rate": _in_window(tally, "tokens", measured.duration_seconds) / measured.duration_seconds,
        **{name: _share(*parts) for name, parts in shares.items()},
        "lateness_p99": _number(facts.lateness_p99),
        "drain": {
            "seconds": measured.drain_seconds,
            "limit": plan.drain_seconds,
            **{name: counts[name] - _in_window(tally, name, measured.duration_seconds) for name in ("done", "failed")},
        },
        "duration": measured.duration_seconds,
        "stopped_by": measured.stopped_by,
        "client": {"cpu_share": measured.cpu_share, "loop_lag_p99": _number(facts.loop_lag_p99), "processes": measured.processes},
        "shards": list(shards),
        "calibration": calibration,
        "alarms": _alarms(tally, side),
        "percentiles": {name: _percentiles(histogram) for name, histogram in tally.histograms.items()},
        "histograms": {name: tally.histograms[name].encoded() for name in METRICS},
        "windows": _windows(tally),
        "failures": tally.failures,
    }
    return LoadResult(data, tally, judgements, reasons)


def write(result: LoadResult, path: Path) -> None:
    """Write the JSON. Raises ReportError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result.data, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ReportError(f"expected: {path} written\nactual: {error}\nnext: give a folder that can be written, with --out") from None


def read(path: Path) -> dict[str, Any]:
    """The JSON of a result, or of the folder that holds one. Raises UsageError for anything else."""
    file = path / RESULT_FILE if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"expected: a result of `hivecheck load`\nactual: {file}: {error}\nnext: give its folder or its load.json"
        ) from None
    if not isinstance(data, dict) or data.get("kind") != "load" or data.get("format") != FORMAT:
        raise UsageError(f"expected: a load result of format {FORMAT}\nactual: {file} is none\nnext: give a load.json of `hivecheck load`")
    return data


def write_hdr_log(result: LoadResult, path: Path) -> None:
    """Write the histograms as an HDR interval log of one interval, with a tag for each metric. HdrHistogram's log tools read it."""
    begin, seconds = float(result.data["started_at"]), float(result.data["duration"])
    lines = [
        "#[Histogram log format version 1.3]",
        f"#[StartTime: {begin:.3f} (seconds since epoch)]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]
    for name, histogram in result.tally.histograms.items():
        if histogram.count:
            lines.append(f"Tag={name},{begin:.3f},{seconds:.3f},{histogram.longest:.6f},{histogram.encoded()}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _facts(plan: Plan, measured: Measured) -> Facts:
    counts, causes = measured.tally.counts, measured.tally.causes
    return Facts(
        scheduled=measured.scheduled,
        sent=measured.sent,
        done=counts["done"],
        failed=counts["failed"],
        open=measured.open,
        duration_seconds=measured.duration_seconds,
        lateness_p99=measured.tally.histograms["lateness"].percentile(99),
        loop_lag_p99=measured.loop_lag.percentile(99) if measured.loop_lag.count else 0.0,
        cpu_share=measured.cpu_share,
        lateness_limit=plan.lateness_limit,
        exhausted=sum(number for cause, number in causes.items() if cause.startswith(validity.NO_SOCKET)),
        is_interrupted=measured.stopped_by == validity.INTERRUPTED,
        processes=measured.processes,
    )


def _totals(measured: Measured) -> dict[str, Any]:
    tally = measured.tally
    named = ("done", "failed", "new_connections", "completion_tokens", "prompt_tokens", "chunks")
    return {
        "scheduled": measured.scheduled,
        "sent": measured.sent,
        "open": measured.open,
        "most_open": measured.most_open,
        **{name: tally.counts[name] for name in named},
        "outcomes": dict(tally.outcomes),
        "causes": dict(tally.causes),
    }


def _in_window(tally: Tally, name: str, seconds: float) -> int:
    """The events of the scheduled window. Those of the drain are apart, because the load is not the scheduled one there."""
    return sum(int(getattr(window, name)) for number, window in tally.windows.items() if 0 <= number * WINDOW_SECONDS < seconds)


def _alarms(tally: Tally, side: str) -> list[dict[str, str]]:
    streams = tally.counts["streams_done"]
    shares = {code: tally.counts[code] / streams if streams else 0.0 for code in ALARMS}
    if side == "client":  # A client that reads late reads many tokens at once, whatever the server does.
        del shares["bursts"]
    return [{"code": code, "sentence": ALARMS[code].format(share=share)} for code, share in shares.items() if share > ALARM_SHARE]


def _percentiles(histogram: Histogram) -> dict[str, Any]:
    figures = {name: _number(histogram.percentile(percent)) for name, percent in PERCENTS.items()}
    above = {name: histogram.samples_above(percent) for name, percent in PERCENTS.items()}
    return figures | {"mean": _number(histogram.mean), "count": histogram.count, "samples_above": above}


def _windows(tally: Tally) -> list[dict[str, Any]]:
    """Every second from the first to the last event. A second without an event is a fact, too."""
    if not tally.windows:
        return []
    made = []
    for number in range(min(0, *tally.windows), max(tally.windows) + 1):
        window = tally.windows.get(number)
        counts = {name: getattr(window, name) if window else 0 for name in WINDOW_COUNTS}
        histograms = window.histograms if window else {}
        made.append({"start": number * WINDOW_SECONDS, **counts, **{name: _window_figures(histograms, name) for name in WINDOW_METRICS}})
    return made


def _window_figures(histograms: Mapping[str, Histogram], name: str) -> dict[str, Any]:
    histogram = histograms.get(name) or Histogram()
    return {**{word: _number(histogram.percentile(percent)) for word, percent in WINDOW_PERCENTS.items()}, "count": histogram.count}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value
