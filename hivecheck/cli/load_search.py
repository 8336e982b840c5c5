"""`hivecheck load --search goodput`: probes at several rates, and the interval of the highest rate at which the objectives hold."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hivecheck.errors import UsageError
from hivecheck.wording import counted

if TYPE_CHECKING:
    from hivecheck.load.knee import Knee, Probe, Search
    from hivecheck.load.plan import Plan
    from hivecheck.load.shards import Gathered
    from hivecheck.reports.console import Output
    from hivecheck.reports.summary import Line

OPTIONS = ("search", "search_seconds", "low", "high", "probe_seconds")
PROBES = 12  # that fit into the time of a search, unless --probe-seconds says otherwise
LEAST_PROBE_SECONDS = 3.0
KNEE_FILE = "knee.json"
FORMAT = 1
# A schedule with a changing rate has no single rate as its answer.
ARRIVALS = ("constant", "poisson", "gamma")


def add_options(parser: argparse.ArgumentParser, number: Callable[[str], float]) -> None:
    """Declare the options of a search."""
    group = parser.add_argument_group(
        "search for the highest rate at which every objective of --slo holds; --out DIR of it again resumes it"
    )
    group.add_argument("--search", choices=("goodput",), help="try several rates in place of --rate")
    group.add_argument("--search-seconds", type=number, default=120.0, metavar="SECONDS", help="bound of all probes; default 120")
    group.add_argument("--low", type=number, default=1.0, metavar="RATE", help="lowest rate; the search starts there; default 1")
    group.add_argument("--high", type=number, default=1000.0, metavar="RATE", help="highest rate; default 1000")
    group.add_argument("--probe-seconds", type=number, metavar="SECONDS", help="of one probe; default: a twelfth of --search-seconds")


def first_rate(arguments: argparse.Namespace, given: dict[str, Any]) -> dict[str, Any]:
    """The options of the load with the first rate of the search. Raises UsageError for options that a search replaces."""
    if other := [f"--{name}" for name in ("rate", "users", "trace", "duration") if name in given]:
        raise UsageError(f"expected: --search without {', '.join(other)}\nactual: both\nnext: use --low, --high and --probe-seconds")
    if given.get("arrivals", "poisson").partition(":")[0] not in ARRIVALS:
        raise UsageError(f"expected: --arrivals {', '.join(ARRIVALS)}\nactual: {given['arrivals']}\nnext: a search needs a steady rate")
    if not 0 < arguments.low < arguments.high:
        raise UsageError(f"expected: 0 < --low < --high\nactual: {arguments.low:g} and {arguments.high:g}\nnext: correct the rates")
    if not given.get("slo") and not arguments.scenario:
        raise UsageError(
            "expected: objectives that hold or do not\nactual: no --slo\nnext: add --slo, such as 'ttft_p99<0.5,error_rate<0.01'"
        )
    seconds = probe_seconds(arguments)
    if not 0 < seconds <= arguments.search_seconds:
        raise UsageError(
            f"expected: time for a probe of {seconds:g} s\nactual: --search-seconds {arguments.search_seconds:g}\nnext: give more"
        )
    return {"arrivals": "poisson", **given, "rate": arguments.low, "duration": seconds}


def probe_seconds(arguments: argparse.Namespace) -> float:
    """How long one probe sends."""
    return float(arguments.probe_seconds or max(LEAST_PROBE_SECONDS, arguments.search_seconds / PROBES))


def search(arguments: argparse.Namespace, plan: Plan, measure: Callable[[Plan], Gathered], output: Output, report_dir: Path) -> int:
    """Carry out the search. 0: the interval is known on both sides, 1: the objectives break at the lowest rate, 2: no such interval."""
    from hivecheck.load import knee
    from hivecheck.load.probe_log import FILE, ProbeLog
    from hivecheck.run.run_reports import write_json

    wanted = knee.Search(
        low=arguments.low,
        high=arguments.high,
        probe_seconds=probe_seconds(arguments),
        seconds=arguments.search_seconds,
        seed=plan.seed,
        requests=plan.caps.requests,
    )
    folder = arguments.out or report_dir / time.strftime("search-%Y%m%d-%H%M%S")
    log = ProbeLog(folder / FILE, _question(wanted, plan))

    def run_probe(number: int, rate: float, seed: int) -> Probe:
        done = probe(number, rate, seed, plan, measure)
        output.say([_probe_line(done)])
        return done

    output.say([_probe_line(one) for one in log.earlier])
    found = knee.search(run_probe, wanted, log.earlier, log.keep)
    output.say(list(lines(found, plan.slo)))
    write_json(folder / KNEE_FILE, data(found, plan))
    sys.stdout.write(f"report  {folder}: {FILE}, {KNEE_FILE}\n")
    return exit_code(found)


def probe(number: int, rate: float, seed: int, plan: Plan, measure: Callable[[Plan], Gathered]) -> Probe:
    """One run at this rate. Raises KeyboardInterrupt for an interrupted one, which is no evidence."""
    from hivecheck.load import result, validity
    from hivecheck.load.knee import Probe
    from hivecheck.load.plan import Caps
    from hivecheck.load.schedule import Arrivals, Segment

    seconds = plan.schedule.duration_seconds
    variation = plan.schedule.variation if isinstance(plan.schedule, Arrivals) else 1.0
    # The cap of requests bounds the search as a whole. A drain that is longer than the probe would measure the probe before.
    own = msgspec.structs.replace(
        plan,
        seed=seed,
        schedule=Arrivals((Segment(seconds, rate, rate),), variation),
        caps=Caps(0, plan.caps.tokens),
        drain_seconds=min(plan.drain_seconds, seconds),
    )
    begun = time.monotonic()
    gathered = measure(own)
    measured = gathered.measured
    if measured.stopped_by == validity.INTERRUPTED:
        raise KeyboardInterrupt
    judged = result.judge(
        own,
        measured,
        version=metadata.version("hivecheck"),
        started_at=gathered.started_at,
        calibration=None,
        added=gathered.reasons,
        shards=gathered.shards,
    )
    broken = [f"{one.term} is {one.actual:.4g}" for one in judged.judgements if not one.passed and one.actual is not None]
    reasons = [reason.code for reason in judged.reasons]
    held = {0: True, 1: False}.get(judged.exit_code)
    sentence = ", ".join(reasons or broken)
    return Probe(number, rate, seed, held, time.monotonic() - begun, measured.sent + own.warm_up, sentence)


def exit_code(found: Knee) -> int:
    """An interval with two ends is an answer. An interrupted search has none."""
    from hivecheck.load.knee import Stop

    if found.stop is Stop.NOTHING_HOLDS:
        return 1
    if found.stop is Stop.EVERYTHING_HOLDS:
        return 0
    return 0 if found.low is not None and found.high is not None and found.stop is not Stop.INTERRUPTED else 2


def lines(found: Knee, slo: str) -> Iterator[Line]:
    """The answer, and why the search ended."""
    from hivecheck.reports.summary import Line

    low = "below the lowest rate" if found.low is None else f"{found.low:.4g}/s"
    high = "above the highest rate" if found.high is None else f"{found.high:.4g}/s"
    yield Line("knee", f"  {slo} holds up to a rate between {low} and {high} ({found.confidence:.0%} confidence)", "bold")
    yield Line("search", f"  {counted(len(found.probes), 'probe')}, ended: {found.stop.value}")


def data(found: Knee, plan: Plan) -> dict[str, Any]:
    """The answer for programs."""
    return {
        "format": FORMAT,
        "kind": "knee",
        "low": found.low,
        "high": found.high,
        "confidence": found.confidence,
        "stop": found.stop.value,
        "exit_code": exit_code(found),
        "slo": plan.slo,
        "model": plan.model,
        "seed": plan.seed,
        "probes": [vars(one) for one in found.probes],
    }


def _question(wanted: Search, plan: Plan) -> dict[str, Any]:
    """All that the probes depend on. The bounds are no part of it, so that a search can go on with more time."""
    own: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(plan, caps=type(plan.caps)()))
    return own | {"low": wanted.low, "high": wanted.high, "probe_seconds": wanted.probe_seconds}


def _probe_line(one: Probe) -> Line:
    from hivecheck.reports.summary import Line

    word = {True: "holds", False: "breaks", None: "INVALID"}[one.held]
    return Line("probe", f"  {one.number + 1:>2}  {one.rate:8.2f}/s  {word:<8}{one.sentence}".rstrip())
