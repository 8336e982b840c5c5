"""`hivecheck mutate`, `repeat` and `shrink`: commands that start many runs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from hivecheck.cli.arguments import (
    Commands,
    OldOption,
    add_platform,
    add_selection,
    command,
    defines,
    say,
    selection,
    settings,
    whole_number,
)
from hivecheck.errors import UsageError
from hivecheck.settings import Settings


def add(commands: Commands) -> None:
    """Declare the commands."""
    command(commands, "mutate", mutate, _mutate_options)
    command(commands, "repeat", repeat, _repeat_options)
    command(commands, "shrink", shrink, _shrink_options)


def _mutate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mutants", nargs="*", metavar="MUTANT", help="names in mutants/; default: all")
    parser.add_argument("--since", metavar="COMMIT", help="the mutants that the change since COMMIT touches")
    parser.add_argument(
        "--sample", type=whole_number, default=0, metavar="N", help="with --since: N other mutants too, drawn by commit and seed"
    )
    parser.add_argument("--also", dest="sample", type=whole_number, metavar="N", action=OldOption, new="--sample")
    parser.add_argument("--at-most", type=whole_number, metavar="N", help="with --since: N mutants in all, drawn if there are more")
    generated = parser.add_argument_group("generated mutants", "on the process platform; reports/generated/generated.json has the result")
    generated.add_argument("--generated", metavar="N", help="draw N mutants of services/ by the seed, or try the one with this name")
    generated.add_argument("--minutes", type=whole_number, metavar="M", help="start no attempt after M minutes; the same command continues")
    generated.add_argument("--scenarios", type=whole_number, default=12, metavar="N", help="at most N scenarios for a mutant (default: 12)")
    generated.add_argument(
        "--record", nargs="*", metavar="FEATURE", help="record which lines these features run, or all; a new state of services/ needs it"
    )
    add_platform(parser)
    parser.add_argument("--seed", type=whole_number, help="the same for every run")
    parser.add_argument("--jobs", type=whole_number, default=os.cpu_count() or 1, help="mutants at the same time (default: one a core)")


def mutate(arguments: argparse.Namespace) -> int:
    """Plant each mutant in a copy of the services; its scenarios must fail."""
    from hivecheck.mutation import affected, mutant, mutation_run

    chosen = settings(arguments)
    names = arguments.mutants
    if arguments.generated or arguments.record is not None:
        return _generated(arguments, chosen)
    if arguments.since:
        change = affected.Change(Path.cwd(), arguments.since, chosen.seed)
        drawn = change.mutants(mutant.load_all(Path.cwd() / "mutants"), arguments.sample, arguments.at_most)
        names = names + drawn.names
        if drawn.left_out:
            say(drawn.sentence())
        # Without names `mutation_run.mutate` plants all mutants, which a change without mutants must not do.
        if not names:
            say(f"No mutant is touched by the change since {arguments.since}.")
            return 0
    return mutation_run.mutate(
        Path.cwd(),
        names,
        seed=chosen.seed,
        platform=chosen.platform or None,
        jobs=arguments.jobs,
        report_dir=chosen.report_dir,
        out=sys.stdout,
    )


def _generated(arguments: argparse.Namespace, chosen: Settings) -> int:
    """The generated mutants, or only the record of lines."""
    from hivecheck.mutation.generated import generated_run, line_record

    if arguments.mutants or chosen.platform not in ("", line_record.PLATFORM):
        raise UsageError(
            f"expected: --generated without names of planted mutants, on platform {line_record.PLATFORM}\n"
            f"actual: {' '.join(arguments.mutants) or f'platform {chosen.platform}'}\nnext: leave it out"
        )
    if not arguments.generated:
        line_record.record(Path.cwd(), arguments.record, chosen.report_dir, seed=chosen.seed, jobs=arguments.jobs, out=sys.stdout)
        return 0
    sample = generated_run.Sample(
        root=Path.cwd(),
        wanted=arguments.generated,
        seed=chosen.seed,
        report_dir=chosen.report_dir,
        jobs=arguments.jobs,
        since=arguments.since,
        minutes=arguments.minutes,
        scenarios=arguments.scenarios,
        record=arguments.record,
    )
    return generated_run.carry_out(sample, sys.stdout)


def _repeat_options(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--runs", type=whole_number, default=20, help="number of runs (default: 20)")
    parser.add_argument("--seed", type=whole_number, help="the same in every run; default: another one each")


def repeat(arguments: argparse.Namespace) -> int:
    """Repeat scenarios and print each one's flake rate; exit code 1 if one does not always pass, 2 without a verdict."""
    from hivecheck.rerun import repetition
    from hivecheck.stack import platform_factory

    chosen = settings(arguments)
    repeats = repetition.Repeats(
        options=[*selection(arguments), *defines(arguments)],
        runs=arguments.runs,
        seed=chosen.seed,
        is_same_seed=arguments.seed is not None,
        platform=platform_factory.choose(chosen, say),
        report_dir=chosen.report_dir,
        environment=os.environ,
    )
    return repetition.repeat(repeats, sys.stdout)


def _shrink_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="FILE", help="the plan.json that a run with random faults left in its scenario's folder")
    add_platform(parser)


def shrink(arguments: argparse.Namespace) -> int:
    """Find the smallest part of a failing fault plan that still fails in the same way."""
    from hivecheck.rerun import shrinker
    from hivecheck.stack import platform_factory

    chosen = settings(arguments)
    platform = platform_factory.choose(chosen, say)
    return shrinker.shrink(
        shrinker.Shrinking(Path(arguments.plan), defines(arguments), platform, chosen.report_dir, os.environ), sys.stdout
    )
