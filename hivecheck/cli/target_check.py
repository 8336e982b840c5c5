"""`hivecheck targets check`: a preflight of one gateway in front of the workers of hivecheck, as a run makes it."""

from __future__ import annotations

import os
import time
from dataclasses import replace

from hivecheck.cleanup.watchdog import Watchdog
from hivecheck.cli.arguments import say
from hivecheck.errors import SetupError
from hivecheck.settings import Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.stack.start_watch import FailedSystemError
from hivecheck.targets.preflight import Problem
from hivecheck.targets.target import Target
from hivecheck.targets.topology_adapter import arranged
from hivecheck.topologies import topology
from hivecheck.wording import counted

DEFAULT_TOPOLOGY = "default"


def check(settings: Settings, target: Target) -> int:
    """Start or reach the gateway, print each observation, and stop it. Exit code 1: it failed at its start, 2: it has a problem."""
    name = settings.topology or next(iter(target.declares.topologies), DEFAULT_TOPOLOGY)
    # A gateway by command needs local processes. They serve any other one too, and need no image.
    settings = replace(settings, platform=settings.platform or platform_factory.FALLBACK)
    run_id = f"check-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder = settings.report_dir / run_id / "stacks"
    inner = platform_factory.open_platform(settings.platform, settings, run_id, folder, say)
    platform = platform_factory.with_target(inner, target, settings, folder)
    watchdog = Watchdog(run_id, "docker" if target.image else inner.name)
    stack = Stack(name, arranged(topology.load(name), target), platform, target.timeouts().scaled(settings.timeout_scale), target)
    say(f"{target.name}  on topology {name}  log {folder / name}")
    try:
        return _report(target, _problems(stack, target))
    except FailedSystemError as error:
        say(f"FAILED  {error}", f"{target.name} failed at its start (exit 1)")
        return 1
    finally:
        platform.sweep()
        watchdog.dismiss()


def _problems(stack: Stack, target: Target) -> list[Problem]:
    """Of start, preflight and stop."""
    try:
        stack.up()
    except SetupError as error:
        if not stack.preflight.blocking():
            raise
        say(*str(error).partition("last log lines:")[1:])
        return list(stack.preflight.problems)
    say(f"ok  ready: after {stack.ready_seconds:.1f} s", *(f"ok  {sentence}" for sentence in stack.preflight.good))
    began = time.monotonic()
    left = stack.down()
    if stack.ignored_sigterm:
        expected, actual, next_step = (line.partition(": ")[2] for line in stack.ignored_sigterm.splitlines())
        return [*stack.preflight.problems, Problem("stop", expected, actual, next_step)]
    if left:
        return [*stack.preflight.problems, Problem("stop", "nothing is left after the stop", "; ".join(left), "end it with the gateway")]
    say(f"ok  stop: after {time.monotonic() - began:.1f} s")
    return list(stack.preflight.problems)


def _report(target: Target, problems: list[Problem]) -> int:
    say(*(f"PROBLEM  {problem.sentence()}" for problem in problems))
    code = 2 if problems else 0
    verdict = counted(len(problems), "problem") if problems else "is set up"
    say(f"{target.name}: {verdict} (exit {code})")
    return code
