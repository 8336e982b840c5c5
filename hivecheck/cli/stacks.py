"""`hivecheck up`, `status`, `logs` and `down`: a stack for a person."""

from __future__ import annotations

import argparse
import os
import sys
import time

from hivecheck.cli.arguments import Commands, add_platform, command, say, settings
from hivecheck.errors import UsageError
from hivecheck.stack import kept_stacks
from hivecheck.topologies import topology

STACK_HELP = "the stack, if several are up"


def add(commands: Commands) -> None:
    """Declare the commands."""
    command(commands, "up", up, _up_options)
    command(commands, "status", status, _status_options)
    command(commands, "logs", logs, _logs_options)
    command(commands, "down", down, _down_options)


def _up_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topology", nargs="?", default="default", help=f"one of {', '.join(topology.names())}")
    add_platform(parser)


def _status_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack", nargs="?", help=STACK_HELP)


def _logs_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until ctrl-C")
    parser.add_argument("--stack", help=STACK_HELP)


def _down_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack", nargs="?", help=STACK_HELP)
    parser.add_argument("--all", action="store_true", help="every stack that is up")


def up(arguments: argparse.Namespace) -> int:
    """Bring a topology up for a person, and leave it up. Exit code 1: a node failed at its start, 2: the set-up failed."""
    from hivecheck.reports.result import REFERENCE
    from hivecheck.stack import platform_factory
    from hivecheck.stack.stack import Stack
    from hivecheck.stack.start_watch import FailedSystemError
    from hivecheck.timeouts import Timeouts

    chosen = settings(arguments)
    if chosen.target != REFERENCE:
        raise UsageError(
            f"expected: target={REFERENCE}, because `hivecheck up` brings up the reference stack\n"
            f"actual: target={chosen.target}\nnext: use `hivecheck run --target {chosen.target} --keep-failed`"
        )
    declared = topology.load(arguments.topology)
    others = [kept.run_id for kept in kept_stacks.kept_stacks(chosen.report_dir) if declared.name in (kept.name, kept.topology)]
    sys.stderr.write("".join(f"{declared.name} is already up ({other})\n" for other in others))
    # Two commands can start in one second, so the pid is part of the name.
    run_id = f"up-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    platform = platform_factory.open_platform(platform_factory.choose(chosen, say), chosen, run_id, chosen.report_dir / run_id, say)
    stack = Stack(declared.name, declared, platform, Timeouts().scaled(chosen.timeout_scale))
    try:
        stack.up()
    except FailedSystemError as error:
        sys.stderr.write(f"hivecheck up: {error}\n")
        return 1
    kept = kept_stacks.keep(stack, run_id, chosen.report_dir)
    say(
        f"{declared.name} is up after {stack.ready_seconds:.1f} s: {declared.summary}",
        "",
        *kept_stacks.first_words(kept, run_id if others else ""),
    )
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Print the health of every node and worker of a kept stack; exit code 1 unless all are healthy."""
    from hivecheck.clients.hive import HiveClient
    from hivecheck.errors import ClientError

    kept = kept_stacks.the_stack(settings(arguments).report_dir, arguments.stack, "hivecheck status {}")
    is_well = True
    for name, node in kept.nodes.items():
        client = HiveClient(node.url, kept.token)
        try:
            health = client.health()
        except ClientError:
            health = {"status": "no answer"}
        is_well = is_well and health["status"] == "healthy"
        say(f"{name:<14} {node.service:<13} {health['status']:<10} {node.url}")
        for worker, view in (health.get("workers") or {}).items() if node.service == "hive" else ():
            say(f"  {worker:<18} {view['state']:<10} {', '.join(view['models'])}")
    return 0 if is_well else 1


def logs(arguments: argparse.Namespace) -> int:
    """Print a node's whole log; with -f new lines too, until ctrl-C."""
    kept = kept_stacks.the_stack(settings(arguments).report_dir, arguments.stack, f"hivecheck logs {arguments.node} --stack {{}}")
    kept_stacks.show_log(kept, arguments.node, follow=arguments.follow, out=sys.stdout)
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop kept stacks, with SIGTERM first; exit code 1 if a process needed SIGKILL."""
    folder = settings(arguments).report_dir
    stacks = kept_stacks.kept_stacks(folder)
    if not stacks and (arguments.all or not arguments.stack):
        say("No stack is up.")
    elif not arguments.all:
        stacks = [kept_stacks.the_stack(folder, arguments.stack, "hivecheck down {}", "hivecheck down --all")]
    code = 0
    for kept in stacks:
        killed = kept_stacks.take_down(kept, folder)
        say(f"{kept.name} is down" + (f"; killed after the stop time:\n  {chr(10).join(killed)}" if killed else ""))
        code = max(code, 1 if killed else 0)
    return code
