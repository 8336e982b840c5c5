"""`hivecheck load`."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hivecheck.cli import load_search
from hivecheck.cli.arguments import Commands, command, settings, whole_number
from hivecheck.wording import counted

if TYPE_CHECKING:
    from hivecheck.cli.load_options import LoadOptions
    from hivecheck.load.carriers.carrier import Carrier
    from hivecheck.load.measured import Snapshot
    from hivecheck.load.plan import Plan
    from hivecheck.load.shards import Gathered
    from hivecheck.reports.console import Output

PLAIN_SECONDS = 10.0  # between two lines of progress in a log
# What the command line knows beside the options of a scenario file.
OWN = ("command", "carry_out", "notices", "define", "seed", "out", "scenario", "calibration", *load_search.OPTIONS)


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "load", load, _options)


def number(text: str) -> float:
    """The type of an option that is a number with decimals."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, not {text!r}") from None


def _options(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Example: hivecheck load --url http://127.0.0.1:8000/v1 --model m --rate 50 --duration 60 --slo 'ttft_p99<0.5,error_rate<0.01'. "
        "Exit code 0: valid, and every objective is met. 1: an objective is broken. 2: the run is INVALID, or an option is wrong."
    )
    what = parser.add_argument_group("what to send, and where")
    _add(what, "--url", metavar="URL", help="base address of the API; it ends in /v1 for most servers")
    _add(what, "--model", help="the model of each request")
    _add(what, "--key-env", metavar="NAME", help="the environment variable that holds the API key")
    _add(what, "--header", action="append", metavar="NAME:VALUE", help="a header of each request; repeat it for more")
    _add(what, "--stream-share", type=number, metavar="SHARE", help="share of streamed requests, 0 to 1; default 1")
    _add(what, "--prompt-tokens", type=whole_number, metavar="N", help="length of each prompt, about; default 32; each prompt is unique")
    _add(what, "--shared-prefix", type=number, metavar="SHARE", help="share of the prompt that all requests have in common; default 0")
    _add(what, "--max-output-tokens", type=whole_number, metavar="N", help="max_tokens of each request; default 64")
    _add(what, "--ca", metavar="FILE", help="PEM certificates to trust in place of the system's")
    _add(what, "--insecure", action="store_true", help="accept any certificate")
    when = parser.add_argument_group("when to send: one of --rate, --arrivals, --users, --trace")
    _add(when, "--rate", type=number, metavar="N", help="open loop: requests per second, whatever becomes of earlier ones")
    _add(when, "--arrivals", metavar="FORM", help="constant, poisson, gamma:CV, ramp:10-100, steps:10,50,100 or spike:200@20+5")
    _add(when, "--users", type=whole_number, metavar="N", help="closed loop: each user waits for an answer before the next request")
    _add(when, "--think", type=number, metavar="SECONDS", help="mean pause of a user between two requests; default 0")
    _add(when, "--stagger", type=number, metavar="SECONDS", help="time within which the users start; default: the think time, or more")
    _add(
        when,
        "--turns",
        type=whole_number,
        metavar="N",
        help="requests of a conversation; each turn sends the earlier ones again; default 1",
    )
    _add(when, "--trace", metavar="FILE", help="recorded requests in JSONL: a header line, then a line per request")
    _add(when, "--duration", type=number, metavar="SECONDS", help="length of the schedule; default 60, or that of the trace")
    _add(
        when,
        "--carriers",
        metavar="PLACES",
        help="run in several processes: local:2, or docker:CONTEXT:4, or both with a comma; default: one process",
    )
    parser.add_argument("--scenario", metavar="FILE", help="a TOML file with any of these options; the command line overrides it")
    parser.add_argument("--seed", type=whole_number, help="decides prompts, arrivals and think times")
    judged = parser.add_argument_group("how to judge")
    _add(
        judged, "--slo", metavar="TERMS", help="e.g. 'ttft_p99<0.5,itl_p95<0.05,max_stall<2,error_rate<0.01,goodput>=0.95'; seconds, shares"
    )
    _add(judged, "--deadline", type=number, metavar="SECONDS", help="a request without an end by then has failed; default 60")
    _add(judged, "--stall", type=number, metavar="SECONDS", help="a stream with a longer gap has failed; default 10")
    _add(judged, "--drain", type=number, metavar="SECONDS", help="time for open requests after the schedule; default 30")
    _add(judged, "--warm-up", type=whole_number, metavar="N", help="requests before the schedule, in no figure; default 1")
    _add(
        judged,
        "--lateness-limit",
        type=number,
        metavar="SECONDS",
        help="own lateness that is allowed; default: 1 ms, or 5%% of the mean gap",
    )
    _add(judged, "--numbered-tokens", action="store_true", help="the server answers `t0 t1 t2 ...`: find lost and repeated tokens")
    parser.add_argument("--no-calibration", dest="calibration", action="store_false", help="skip the measurement of a known truth")
    load_search.add_options(parser, number)
    caps = parser.add_argument_group("what it may cost; a server of another machine needs a cap")
    _add(caps, "--max-requests", type=whole_number, metavar="N", help="stop after so many requests")
    _add(caps, "--max-tokens", type=whole_number, metavar="N", help="stop before prompts and answers together exceed so many tokens")
    _add(caps, "--price-in", type=number, metavar="PRICE", help="price of a million prompt tokens, for the estimate of the cost")
    _add(caps, "--price-out", type=number, metavar="PRICE", help="price of a million completion tokens")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of load.json, load.hdr and load.xml; default below the report folder"
    )


def _add(group: Any, name: str, **options: Any) -> None:
    # Absent unless given, so that a scenario file can give it.
    group.add_argument(name, default=argparse.SUPPRESS, **options)


def load(arguments: argparse.Namespace) -> int:
    """Send load to any OpenAI-compatible server, and judge the server and the client itself."""
    # Here and not above: most commands can do without the engine.
    from hivecheck.cli import load_carriers, load_options
    from hivecheck.load import result, shards
    from hivecheck.load.carriers import words
    from hivecheck.reports import load_junit, load_lines
    from hivecheck.reports.console import Output
    from hivecheck.reports.summary import Line

    chosen = settings(arguments)
    given = {name: value for name, value in vars(arguments).items() if name not in OWN}
    if arguments.search:
        given = load_search.first_rate(arguments, given)
    options = load_options.read(given, Path(arguments.scenario) if arguments.scenario else None)
    plan = load_options.plan(options, chosen.seed, os.environ)
    places = words.parse(options.carriers) if options.carriers else ()
    number_of_shards = sum(place.count for place in places) or 1
    shards.parts(plan, number_of_shards)  # a cap that is too small for them is refused before the calibration
    output = Output(sys.stdout, chosen.ci)
    has_prices = bool(options.price_in or options.price_out)
    try:
        output.say(_opening(plan, chosen.seed))
        if has_prices:
            # Each shard has a warm-up of its own.
            whole = msgspec.structs.replace(plan, warm_up=plan.warm_up * number_of_shards)
            most = load_options.most_spent(whole, options.price_in, options.price_out)
            output.say(
                [Line("spend", f"  at most about {most:.4f}" if most < math.inf else "  without a bound; give --max-requests", "bold")]
            )
        with load_carriers.opened(places, chosen, lambda sentence: output.say([Line(text=sentence)])) as carriers:
            calibration = _calibrate(plan, output, number_of_shards) if arguments.calibration else None
            if arguments.search:
                return load_search.search(arguments, plan, lambda probe: _measure(probe, options, carriers), output, chosen.report_dir)
            gathered = _measure(plan, options, carriers, _shower(output, plan.schedule.duration_seconds))
    finally:
        output.close()
    judged = result.judge(
        plan,
        gathered.measured,
        version=metadata.version("hivecheck"),
        started_at=gathered.started_at,
        calibration=calibration,
        added=gathered.reasons,
        shards=gathered.shards,
    )
    output.say(load_lines.report(judged))
    if has_prices:
        output.say([load_lines.spend(judged.data, options.price_in, options.price_out)])
    folder = arguments.out or chosen.report_dir / time.strftime("load-%Y%m%d-%H%M%S")
    result.write(judged, folder / result.RESULT_FILE)
    result.write_hdr_log(judged, folder / "load.hdr")
    load_junit.write(judged, folder / "load.xml")
    output.say(
        [Line("report", f"  {folder}: load.json, load.hdr, load.xml", "bold"), Line("seed", f"  {chosen.seed} (repeat with --seed)")]
    )
    return judged.exit_code


def _opening(plan: Plan, seed: int) -> list[Any]:
    from hivecheck.load.schedule import Trace, Users
    from hivecheck.reports.summary import Line

    schedule = plan.schedule
    is_closed = isinstance(schedule, Users)
    number = len(schedule.intended_seconds(plan.seed))
    kind = counted(number, "user") if is_closed else counted(number, "conversation" if isinstance(schedule, Trace) else "scheduled request")
    return [Line("hivecheck load", f"  {plan.url}  model {plan.model}  {kind} in {schedule.duration_seconds:g} s  seed {seed}", "bold")]


def _measure(plan: Plan, options: LoadOptions, carriers: Sequence[Carrier], show: Callable[[Snapshot], None] = lambda _: None) -> Gathered:
    """Run the plan on the carriers, or in this process without any."""
    from hivecheck.load import run, shards
    from hivecheck.protocol.origin import Tls

    key = os.environ.get(plan.key_variable, "") if plan.key_variable else ""
    if not carriers:
        tls = Tls(Path(options.ca) if options.ca else None, options.insecure)
        measured = run.run(plan, key, tls, show)
        return shards.Gathered(measured, (), (), measured.started_at)
    # A shard on another machine cannot read our file.
    ca = Path(options.ca).read_text(encoding="utf-8") if options.ca else ""
    return shards.run(plan, carriers, key=key, ca=ca, is_insecure=options.insecure, show=show)


def _calibrate(plan: Plan, output: Output, number_of_shards: int) -> dict[str, Any]:
    from hivecheck.load import calibration, run
    from hivecheck.reports.summary import Line

    output.show(Line("calibration", "  against a server of known truth"))
    with calibration.truth_server() as url:
        return calibration.error_of(run.run(calibration.plan_of(plan, url, number_of_shards)))


def _shower(output: Output, total_seconds: float) -> Callable[[Snapshot], None]:
    """Shows the progress: always on a terminal, now and then in a log."""
    from hivecheck.reports import load_lines

    last_seconds, last_stop = -PLAIN_SECONDS, ""

    def show(snapshot: Snapshot) -> None:
        nonlocal last_seconds, last_stop
        if output.is_live or snapshot.seconds >= last_seconds + PLAIN_SECONDS or snapshot.stopped_by != last_stop:
            last_seconds, last_stop = snapshot.seconds, snapshot.stopped_by
            output.show(*load_lines.progress(snapshot, total_seconds))

    return show
