"""`hivecheck run`."""

from __future__ import annotations

import argparse

from hivecheck.cli.arguments import Commands, OldOption, add_selection, command, defines, say, selection, settings, whole_number

# Options of `hivecheck run` that are settings.
RUN_SETTINGS = ("platform", "seed", "target", "random_faults", "fault_plan", "jobs", "split", "rerun_failed")
SWITCHES = ("keep_failed", "quiet", "allow_flaky")


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "run", run, _options)


def _options(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--seed", type=whole_number, help="decides the order and every random choice")
    parser.add_argument("--jobs", type=whole_number, metavar="N", help="how many stacks run side by side; default: by cores and memory")
    parser.add_argument("--quiet", action="store_true", help="print no line for a scenario that passed")
    parser.add_argument("--dry-run", action="store_true", help="run nothing: print what runs, and why the rest is left out")
    parser.add_argument("--stop", action="store_true", help="start no scenario after the first one that does not pass")
    parser.add_argument("--build", action="store_true", help="build the image of the containers first; a run builds an outdated one anyway")
    parser.add_argument("--down", action="store_true", help="run nothing: stop every kept stack, and remove what dead runs left behind")
    parser.add_argument("--random-faults", type=whole_number, metavar="N", help="inject N faults, drawn by the seed, under steady load")
    parser.add_argument("--fault-plan", metavar="FILE", help="inject the faults of a plan.json, which a run with random faults leaves")
    parser.add_argument("--plan", dest="fault_plan", metavar="FILE", action=OldOption, new="--fault-plan")
    parser.add_argument("--split", metavar="PART/PARTS", help="run a part of the plan, such as 2/5; `hivecheck merge` joins the results")
    parser.add_argument("--rerun-failed", metavar="FILE", help="run what did not pass in this result.json of an earlier run")
    parser.add_argument("--allow-flaky", action="store_true", help="a scenario that passes only at its rerun does not fail the run")
    parser.add_argument("--keep-failed", "--keep", action="store_true", help="keep the stack of the first scenario that does not pass")
    parser.add_argument("--target", metavar="TARGET", help="the gateway under test: a name in hivecheck/targets/, or a TOML file")


def run(arguments: argparse.Namespace) -> int:
    """Run features; the exit code is that of the run."""
    # Here and not above: most commands can do without behave.
    from hivecheck.bdd.runner import run_features

    # First, so that a folder without a project is refused before an image is built.
    selected = selection(arguments)
    if arguments.down:
        return _clear(arguments)
    if arguments.build:
        from hivecheck import images

        images.build(settings(arguments), say)
    options = [f"{name}={value}" for name in RUN_SETTINGS if (value := getattr(arguments, name)) is not None]
    options += [f"{name}=true" for name in SWITCHES if getattr(arguments, name)]
    switches = [option for option, is_given in (("--stop", arguments.stop), ("--dry-run", arguments.dry_run)) if is_given]
    return run_features([*selected, *switches, *defines(arguments), *(part for option in options for part in ("-D", option))])


def _clear(arguments: argparse.Namespace) -> int:
    """Stop every kept stack, and remove what dead runs left behind."""
    from hivecheck.cli.maintenance import cleanup
    from hivecheck.cli.stacks import down

    arguments.all = True
    return max(down(arguments), cleanup(arguments))
