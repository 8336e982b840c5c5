"""The report of a load run as lines: the answer first, then verdict, objectives, latencies, counts, alarms and the terms. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hivecheck.load import slo
from hivecheck.load.measured import Snapshot
from hivecheck.load.result import LoadResult
from hivecheck.load.slo import Judgement
from hivecheck.reports.summary import Line
from hivecheck.reports.text import one_line
from hivecheck.wording import counted

TERMS = {
    "intended time": "the time at which the schedule sends a request",
    "TTFT": "first token minus intended time",
    "TTFOT": "first answer token minus intended time; a reasoning model's TTFT counts its first reasoning token",
    "ITL": "gap between two tokens, pooled over requests; a chunk with k tokens gives k gaps of gap/k",
    "TPOT": "per request: (E2E - TTFT) / (output tokens - 1)",
    "E2E": "last token minus intended time",
    "from send": "the same from the actual send time, without the client's lateness",
    "max stall": "longest gap inside one stream",
    "goodput": "requests that are complete and within every latency objective, as a share of the scheduled ones",
    "integrity rate": "complete, ordered, terminated streams, as a share of the scheduled ones",
    "error rate": "failed and unsent requests, as a share of the scheduled ones",
    "lateness": "actual send time minus intended time: the client's own delay",
}
LATENCIES = {
    "TTFT": "ttft",
    "TTFT from send": "ttft_from_send",
    "TTFOT": "ttfot",
    "ITL": "itl",
    "TPOT": "tpot",
    "E2E": "e2e",
    "E2E from send": "e2e_from_send",
    "max stall": "max_stall",
    "until failure": "failed",
    "lateness": "lateness",
}
MEANING_COLUMNS = 60
COLUMNS = ("p50", "p90", "p95", "p99", "p99.9", "max")
CAUSES_SHOWN = 8
VERDICTS = {0: ("PASSED", "bold green"), 1: ("FAILED", "bold red"), 2: ("INVALID", "bold yellow")}
INDENT = "  "


def report(result: LoadResult) -> Iterator[Line]:
    """The whole report. Its first line answers whether the figures are those of the server or of the client."""
    data = result.data
    yield Line("client or server?", f"  {data['sentence']}", "bold")
    yield _verdict(result)
    for reason in result.reasons:
        yield Line(text=f"{INDENT}{reason.code}: {one_line(reason.sentence)}")
    yield from _objectives(result.judgements)
    yield from _latencies(data["percentiles"])
    yield from _counts(data)
    yield from _shards(data["shards"])
    yield from _calibration(data["calibration"])
    for alarm in data["alarms"]:
        yield Line("alarm", f"  {alarm['sentence']}", "bold yellow")
    yield Line()
    width = max(map(len, TERMS))
    for term, meaning in TERMS.items():
        first, *more = textwrap.wrap(meaning, MEANING_COLUMNS)
        yield Line(text=f"{INDENT}{term:<{width}}  {first}", style="dim")
        yield from (Line(text=f"{INDENT}{'':<{width}}  {part}", style="dim") for part in more)


def progress(snapshot: Snapshot, total_seconds: float) -> Iterator[Line]:
    """The run so far. 80 columns have room for each line."""
    drain = f"  drain {snapshot.seconds - total_seconds:.0f} s" if snapshot.seconds > total_seconds else ""
    counts = f"offered {snapshot.offered}  done {snapshot.done}  failed {snapshot.failed}  open {snapshot.open}"
    yield Line("load", f"  {min(snapshot.seconds, total_seconds):.0f}/{total_seconds:.0f} s{drain}  {counts}", "bold")
    (ttft, ttft_high), (itl, itl_high) = snapshot.ttft, snapshot.itl
    yield Line(text=f"{INDENT}TTFT p50 {_ms(ttft)} p99 {_ms(ttft_high)}  ITL p50 {_ms(itl)} p99 {_ms(itl_high)}")
    yield Line(text=f"{INDENT}own lateness p99 {_ms(snapshot.lateness_p99)}")
    if snapshot.stopped_by:
        yield Line(f"{INDENT}stopping", f" ({snapshot.stopped_by}): open requests may end; ctrl-C again ends at once", "bold yellow")


def spend(data: Mapping[str, Any], price_in: float, price_out: float) -> Line:
    """The cost of the run by the usage of the server. Prices are for a million tokens."""
    totals = data["totals"]
    cost = (totals["prompt_tokens"] * price_in + totals["completion_tokens"] * price_out) / 1_000_000
    tokens = f"{counted(totals['prompt_tokens'], 'prompt token')}, {counted(totals['completion_tokens'], 'completion token')}"
    return Line("spend", f"  {cost:.4f} for {tokens}", "bold")


def _verdict(result: LoadResult) -> Line:
    word, style = VERDICTS[result.exit_code]
    met = sum(judgement.passed for judgement in result.judgements)
    text = f"{met} of {counted(len(result.judgements), 'objective')} met" if result.judgements else "no objective given"
    return Line(word, f"  {text} (exit {result.exit_code})", style)


def samples_of(judgement: Judgement) -> str:
    """How many samples the actual value has, and how many of them lie above a percentile."""
    (term,) = slo.parse(judgement.term)
    above = f", {judgement.samples_above} above p{term.percent:g}" if term.is_latency and judgement.samples_above else ""
    return f"{counted(judgement.samples, 'sample')}{above}"


def _objectives(judgements: Sequence[Judgement]) -> Iterator[Line]:
    if judgements:
        yield Line()
        width = max(len(judgement.term) for judgement in judgements)
        for one in judgements:
            actual = "no data" if one.actual is None else f"{one.actual:.4f}"
            yield Line(
                "met   " if one.passed else "broken",
                f"  {one.term:<{width}}  actual {actual:>9}  ({samples_of(one)})",
                "" if one.passed else "bold red",
            )


def _latencies(percentiles: Mapping[str, Any]) -> Iterator[Line]:
    yield Line()
    width = max(map(len, LATENCIES))
    yield Line(text=f"{'ms':<{width}}{''.join(f'{column:>8}' for column in COLUMNS)}{'samples':>9}{'> p99':>7}", style="dim")
    for title, name in LATENCIES.items():
        figures = percentiles[name]
        if figures["count"]:
            row = "".join(f"{_milliseconds(figures[column]):>8}" for column in COLUMNS)
            yield Line(text=f"{title:<{width}}{row}{figures['count']:>9}{figures['samples_above']['p99']:>7}")


def _counts(data: Mapping[str, Any]) -> Iterator[Line]:
    totals, drain = data["totals"], data["drain"]
    yield Line()
    yield Line("requests", "".join(f"  {name} {totals[name]}" for name in ("scheduled", "sent", "done", "failed", "open")))
    yield Line("connections", f"  {totals['new_connections']} new")
    rates = f"  offered {data['offered_rate']:.2f}/s  done {data['done_rate']:.2f}/s  tokens {data['token_rate']:.1f}/s"
    yield Line("rates", f"{rates}  within {round(data['duration'], 1):g} s")
    yield Line(
        "tokens", f"  {totals['completion_tokens']} completion, {totals['prompt_tokens']} prompt; {counted(totals['chunks'], 'chunk')}"
    )
    yield Line(
        "drain", f"  {drain['seconds']:.1f} of {drain['limit']:g} s, {counted(drain['done'], 'request')} done, {drain['failed']} failed"
    )
    if data["stopped_by"]:
        yield Line("stopped", f"  {data['stopped_by']} after {data['duration']:.1f} s", "bold yellow")
    causes = sorted(totals["causes"].items(), key=lambda item: (-item[1], item[0]))
    for cause, count in causes[:CAUSES_SHOWN]:
        yield Line("failed", f"  {count} x {one_line(cause)}", "bold red")
    if len(causes) > CAUSES_SHOWN:
        yield Line(text=f"{INDENT}and {counted(len(causes) - CAUSES_SHOWN, 'more cause')} in load.json")


def _shards(shards: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    for shard in shards:
        if shard["sent"] is None:
            yield Line(shard["name"], f"  {one_line(shard['place'])}  no result", "bold red")
            continue
        own = f"lateness p99 {_milliseconds(shard['lateness_p99'])} ms  loop lag p99 {_milliseconds(shard['loop_lag_p99'])} ms"
        clock = shard["clock"]
        # Within 0: the shard has the monotonic clock of this machine.
        offsets = f"  wall clock {clock['wall_offset']:+.6f} s within {clock['error']:.6f} s" if clock["error"] else ""
        figures = f"sent {shard['sent']}  {own}  CPU {shard['cpu_share']:.0%}{offsets}"
        yield Line(shard["name"], f"  {one_line(shard['place'])}  {figures}", "bold")


def _calibration(calibration: Mapping[str, Any] | None) -> Iterator[Line]:
    if calibration is None:
        yield Line("calibration", "  none (--no-calibration)", "bold")
    elif calibration["error"] is None:
        yield Line("calibration", "  without a complete answer of the truth server", "bold yellow")
    else:
        error = {name: f"{seconds * 1000:+.2f} ms" for name, seconds in calibration["error"].items()}
        yield Line("calibration", "  error against a server of known truth:", "bold")
        yield Line(text=INDENT + "  ".join(f"{name} {text}" for name, text in error.items()))


def _ms(seconds: float) -> str:
    return "-" if seconds != seconds else f"{seconds * 1000:.1f} ms"


def _milliseconds(seconds: float | None) -> str:
    """At most seven characters below 2.7 hours."""
    if seconds is None:
        return "-"
    milliseconds = seconds * 1000
    return f"{milliseconds:.{2 if milliseconds < 1000 else 1 if milliseconds < 10000 else 0}f}"
