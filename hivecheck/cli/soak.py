"""`hivecheck soak`."""

from __future__ import annotations

import argparse
from dataclasses import replace

from hivecheck.cli.arguments import Commands, add_platform, command, defines, selection, settings, whole_number
from hivecheck.errors import UsageError
from hivecheck.faults.planning.fault_budget import worker_budget
from hivecheck.faults.planning.soak_plan import SoakPlan
from hivecheck.topologies import topology

FEATURE = "features/load/soak.feature"
TOPOLOGY = "five_workers"


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "soak", soak, _options)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=_number, default=30.0, metavar="M", help="how long the load lasts; default: 30")
    parser.add_argument("--rate", type=_number, default=20.0, metavar="R", help="requests per second; default: 20")
    parser.add_argument("--random-faults", type=whole_number, metavar="N", help="how many faults; default: one in 3 minutes; 0: none")
    parser.add_argument("--seed", type=whole_number, help="decides the faults and their times; without one a seed is drawn and printed")
    parser.add_argument("--topology", default=TOPOLOGY, metavar="NAME", help=f"the stack; default: {TOPOLOGY}")
    add_platform(parser)


def soak(arguments: argparse.Namespace) -> int:
    """Bring a stack up and hold it under steady load with random faults; judge answers, failures and leaks.

    The load runs in rounds. After each round the stack drains, and the memory, descriptors, sockets and threads of every process are
    read. Some rounds inject faults, never into more targets at once than the stack must bear. A wrong answer ends the soak after its
    round. The last nine rounds or more have no faults, so a short soak takes longer than --minutes.

    One timeline has load, faults, recoveries and resources. It is printed as it happens, and soak.json in the report folder holds it.
    Ctrl-C ends the soak with the report so far.

    Exit codes: 0 sound, 1 a wrong answer, an avoidable failure or a leak, 2 no verdict.
    """
    from hivecheck.bdd.runner import run_features

    arguments.paths, arguments.tags, arguments.name = [FEATURE], None, []
    options = selection(arguments)
    plan = _plan(arguments)
    given = {"soak_minutes": plan.minutes, "soak_rate": plan.rate_per_second, "soak_faults": plan.faults, "topology": arguments.topology}
    given |= {name: value for name in ("platform", "seed") if (value := getattr(arguments, name)) is not None}
    if not any(define.startswith("scenario_seconds=") for define in arguments.define):
        given["scenario_seconds"] = plan.longest_seconds * settings(arguments).timeout_scale
    return run_features([*options, *defines(arguments), *(part for name, value in given.items() for part in ("-D", f"{name}={value}"))])


def _plan(arguments: argparse.Namespace) -> SoakPlan:
    """The plan of the options. Raises UsageError for one that is not possible, TopologyError for an unknown topology."""
    plan = SoakPlan(arguments.minutes, arguments.rate, faults=0)
    plan.must_be_possible()
    workers = topology.load(arguments.topology).workers()
    models = {model for served in workers.values() for model in served}
    most = max((sum(model in served for served in workers.values()) for model in models), default=0)
    if not most:
        raise UsageError(f"expected: --topology with workers\nactual: {arguments.topology} has none\nnext: use {TOPOLOGY}")
    has_budget = worker_budget(most) > 0
    if arguments.random_faults is None:
        # Where no worker may fail, only the user can ask for faults, and gets a refusal.
        faults = max(1, int(plan.minutes // 3)) if has_budget and plan.possible_faults else 0
    else:
        faults = arguments.random_faults
    if faults and not has_budget:
        raise UsageError(
            f"expected: --topology with 3 workers or more of one model, of which one may be faulty\n"
            f"actual: {arguments.topology} has {most} of one model\nnext: use {TOPOLOGY}, or --random-faults 0"
        )
    plan = replace(plan, faults=faults)
    plan.must_be_possible()
    return plan


def _number(text: str) -> float:
    """The type of an option with a number such as 0.5. argparse prints the message of this error."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number such as 0.5, not {text!r}") from None
