"""The `hivecheck` command: what a person would rather type shorter. Each sub-command is one function."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from hivecheck.errors import HivecheckError, UsageError
from hivecheck.reports.result import REFERENCE
from hivecheck.settings import PROJECT_ROOT, Settings
from hivecheck.stack import kept_stacks
from hivecheck.targets import target as targeting
from hivecheck.topologies import topology

RUN_SETTINGS = ("platform", "seed", "target", "random_faults", "plan")  # options of `hivecheck run` that are settings
RANDOM_FEATURE = "features/chaos/random.feature"
BENCHMARKS = {"startup": "startup.py", "gateway": "gateway_overhead.py", "choice": "worker_choice.py", "faults": "faults.py"}


def main(argv: Sequence[str] | None = None) -> int:
    """Parse and carry out; returns the exit code. A HivecheckError becomes one sentence and exit code 2."""
    arguments = _parser().parse_args(argv)
    carry_out: Callable[[argparse.Namespace], int] = arguments.carry_out
    try:
        return carry_out(arguments)
    except HivecheckError as error:
        sys.stderr.write(f"hivecheck {arguments.command}: {error}\n")
        return 2
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write(f"hivecheck {arguments.command}: interrupted\n")
        return 2


def run(arguments: argparse.Namespace) -> int:
    """Run features under behave with our runner, which ends the process with the run's exit code."""
    from hivecheck.bdd.runner import run_features

    selection = _selection(arguments)
    if arguments.down:
        return _down_with_everything(arguments)
    if arguments.build:
        from hivecheck import images as catalogue

        catalogue.build(_settings(arguments), _say)
    defines = [*arguments.define]
    defines += [f"{name}={value}" for name in RUN_SETTINGS if (value := getattr(arguments, name)) is not None]
    defines += ["keep=true"] if arguments.keep else []
    return run_features([*selection, *(part for define in defines for part in ("-D", define))])


def _selection(arguments: argparse.Namespace) -> list[str]:
    """Which scenarios, as behave takes it. Raises UsageError where there is nothing to select from."""
    if not Path("setup.cfg").is_file() or not Path("environment.py").is_file():
        raise UsageError(f"{Path.cwd()} holds no setup.cfg and environment.py; run from the project's root, where steps/ is.")
    options = list(arguments.paths)
    if not (arguments.paths or arguments.tags or arguments.name) and (
        getattr(arguments, "random_faults", None) or getattr(arguments, "plan", None)
    ):
        options.append(RANDOM_FEATURE)
    for expression in arguments.tags or ([] if options else ["@integration"]):
        options += ["--tags", expression]
    for pattern in arguments.name:
        options += ["--name", pattern]
    return options


def _down_with_everything(arguments: argparse.Namespace) -> int:
    """Every stack that is up goes down, and what dead runs left behind is removed."""
    arguments.all = True
    return max(down(arguments), reap(arguments))


def up(arguments: argparse.Namespace) -> int:
    """Bring a topology up for a person, and leave it up."""
    from hivecheck.stack import platform_factory
    from hivecheck.stack.stack import Stack
    from hivecheck.timeouts import Timeouts

    settings = _settings(arguments)
    if settings.target != REFERENCE:
        raise UsageError(
            f"target={settings.target}: `hivecheck up` brings up the reference stack; use `hivecheck run --target` with --keep."
        )
    declared = topology.load(arguments.topology)
    run_id = f"up-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    platform = platform_factory.open_platform(platform_factory.choose(settings, _say), settings, run_id, settings.report_dir / run_id, _say)
    stack = Stack(declared.name, declared, platform, Timeouts().scaled(settings.timeout_scale))
    stack.up()
    kept = kept_stacks.keep(stack, run_id, settings.report_dir)
    _say(f"{declared.name} is up after {stack.ready_seconds:.1f} s: {declared.summary}", "", *kept_stacks.first_words(kept))
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Every node and worker of a kept stack, as it is now; exit code 1 if one of them is not well."""
    from hivecheck.clients.hive import HiveClient
    from hivecheck.errors import ClientError

    kept = kept_stacks.the_stack(_settings(arguments).report_dir, arguments.stack)
    is_well = True
    for name, node in kept.nodes.items():
        client = HiveClient(node.url, kept.token)
        try:
            health = client.health()
        except ClientError:
            health = {"status": "no answer"}
        is_well = is_well and health["status"] == "healthy"
        _say(f"{name:<14} {node.service:<13} {health['status']:<10} {node.url}")
        for worker, view in (health.get("workers") or {}).items() if node.service == "hive" else ():
            _say(f"  {worker:<18} {view['state']:<10} {', '.join(view['models'])}")
    return 0 if is_well else 1


def logs(arguments: argparse.Namespace) -> int:
    """A node's log, whole; with -f also what comes, until ctrl-C."""
    kept = kept_stacks.the_stack(_settings(arguments).report_dir, arguments.stack)
    kept_stacks.show_log(kept, arguments.node, follow=arguments.follow, out=sys.stdout)
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Take kept stacks down, in an orderly way first; exit code 1 if something had to be killed."""
    settings = _settings(arguments)
    every = kept_stacks.kept_stacks(settings.report_dir)
    stacks = every if arguments.all else [kept_stacks.the_stack(settings.report_dir, arguments.stack)]
    code = 0
    for kept in stacks:
        killed = kept_stacks.take_down(kept, settings.report_dir)
        _say(f"{kept.name} is down" + (f"; had to be killed:\n  {chr(10).join(killed)}" if killed else ""))
        code = max(code, 1 if killed else 0)
    return code


def prove(arguments: argparse.Namespace) -> int:
    """Plant each mutant and see its scenarios turn red."""
    from hivecheck.mutation import affected, mutant
    from hivecheck.mutation.mutation_run import prove as carry_out

    settings = _settings(arguments)
    names = arguments.mutants
    if arguments.since:
        names = names + affected.chosen(Path.cwd(), mutant.load_all(Path.cwd() / "mutants"), arguments.since, arguments.also)
        if not names:
            _say(f"No mutant is touched by what changed since {arguments.since}.")
            return 0
    return carry_out(
        Path.cwd(),
        names,
        seed=settings.seed,
        platform=settings.platform or None,
        jobs=arguments.jobs,
        report_dir=settings.report_dir,
        out=sys.stdout,
    )


def flake(arguments: argparse.Namespace) -> int:
    """Repeat scenarios and say how often each passes; exit code 1 if one does not always, 2 if there is no verdict."""
    from hivecheck.rerun.repetition import Repeats
    from hivecheck.rerun.repetition import flake as carry_out
    from hivecheck.stack import platform_factory

    settings = _settings(arguments)
    series = Repeats(
        options=[*_selection(arguments), *(part for define in arguments.define for part in ("-D", define))],
        runs=arguments.runs,
        seed=settings.seed,
        is_same_seed=arguments.seed is not None,
        platform=platform_factory.choose(settings, _say),
        report_dir=settings.report_dir,
        environment=os.environ,
    )
    return carry_out(series, sys.stdout)


def shrink(arguments: argparse.Namespace) -> int:
    """Of the faults of a plan that fails, find the few that are enough for the same failure."""
    from hivecheck.rerun import shrinker as shrinking
    from hivecheck.stack import platform_factory

    settings = _settings(arguments)
    defines = [part for define in arguments.define for part in ("-D", define)]
    platform = platform_factory.choose(settings, _say)
    asked = shrinking.Shrinking(Path(arguments.plan), defines, platform, settings.report_dir, os.environ)
    return shrinking.shrink(asked, sys.stdout)


def bench(arguments: argparse.Namespace) -> int:
    """Run one benchmark; it writes its figures into benchmarks/results/."""
    script = PROJECT_ROOT / "benchmarks" / BENCHMARKS[arguments.benchmark]
    return subprocess.run([sys.executable, str(script)], check=False).returncode


def targets(arguments: argparse.Namespace) -> int:
    """List the gateways that can be tested beside the reference, or install one into an environment of its own."""
    from hivecheck.targets import environments

    if arguments.action == "list":
        _say(*(f"{target.name:<16}  {target.summary}" for name in targeting.names() if (target := targeting.load(name))))
        return 0
    found = {name: target for name in arguments.names if (target := targeting.load(name))}
    if not found:
        raise UsageError(f"Name what to install: {', '.join(targeting.names())}, or a TOML file. The reference is here already.")
    for name, target in found.items():
        place = environments.install(_settings(arguments).cache_dir, target, _say)
        _say(f"{target.name} is in {place}; now: ./run-integration-tests.sh --target {name} --platform process")
    return 0


def images(arguments: argparse.Namespace) -> int:
    """Build the image that services run in, if anything changed, or list those that are here."""
    from hivecheck import images as catalogue

    settings = _settings(arguments)
    if arguments.action == "build":
        _say(catalogue.build(settings, _say))
        return 0
    _say(*(image.line(time.time()) for image in catalogue.listing(settings)))
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Look at all that a run needs, and say what to do about what is wrong; exit code 1 if something is. Changes nothing."""
    from hivecheck.doctor import doctor as surgery

    findings = []
    for finding in surgery.examine(_settings(arguments)):
        _say(finding.line())
        sys.stdout.flush()
        findings.append(finding)
    return surgery.exit_code(findings)


def reap(arguments: argparse.Namespace) -> int:
    """Remove what runs left behind whose harness is proven dead; a living run and a stack that is kept up are not touched."""
    from hivecheck.cleanup import orphans

    _settings(arguments)
    if not orphans.reap(_say):
        _say("Nothing was left behind by a run whose harness is dead.")
    return 0


def docs(arguments: argparse.Namespace) -> int:
    """Write the generated pages of docs/, or only check that they are fresh."""
    from hivecheck.docs_pages import stale, write

    if arguments.check:
        old = stale(PROJECT_ROOT)
        _say(*(f"{page} is not what the code says; run `hivecheck docs`" for page in old))
        return 1 if old else 0
    _say(*(f"wrote {page}" for page in write(PROJECT_ROOT)))
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    given = dict(pair.split("=", 1) for pair in getattr(arguments, "define", []) if "=" in pair)
    given |= {name: str(value) for name in ("platform", "seed", "base_image") if (value := getattr(arguments, name, None)) is not None}
    return Settings.load(os.environ, given)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hivecheck", description="Acceptance, chaos and load harness for LLM-serving stacks.")
    parser.add_argument("--version", action="version", version=f"hivecheck {metadata.version('hivecheck')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, carry_out: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        text = (carry_out.__doc__ or "").strip()
        sub = commands.add_parser(name, help=text.splitlines()[0], description=text)
        sub.set_defaults(carry_out=carry_out)
        sub.add_argument("-D", dest="define", metavar="NAME=VALUE", action="append", default=[], help="a setting, e.g. -D timeout_scale=2")
        return sub

    def selecting(name: str, carry_out: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        sub = command(name, carry_out)
        sub.add_argument("paths", nargs="*", metavar="FEATURE", help="feature files, file:line, or folders; default: all")
        sub.add_argument("--tags", action="append", metavar="EXPR", help="e.g. '@P0 and not @slow'; default @integration")
        sub.add_argument("--name", action="append", default=[], metavar="PATTERN", help="only scenarios whose name matches")
        sub.add_argument("--platform", help="where nodes run")
        return sub

    sub = selecting("run", run)
    sub.add_argument("--seed", type=int, help="decides the order and every random choice")
    sub.add_argument("--build", action="store_true", help="build the containers' image first; it is also built whenever it is out of date")
    sub.add_argument("--down", action="store_true", help="run nothing: take every kept stack down, and remove what dead runs left behind")
    sub.add_argument("--random-faults", type=int, metavar="N", help="so many faults, drawn from the seed, strike a stack under steady load")
    sub.add_argument("--plan", metavar="FILE", help="replay the faults of a plan.json that a run left in its scenario's folder")
    sub.add_argument("--keep", action="store_true", help="leave the stack of the first scenario that does not pass up")
    sub.add_argument("--target", metavar="TARGET", help="whose gateway is under test: a name in hivecheck/targets/, or a TOML file")
    sub = command("up", up)
    sub.add_argument("topology", nargs="?", default="default", help=f"one of {', '.join(topology.names())}")
    sub.add_argument("--platform", help="where nodes run")
    sub = command("status", status)
    sub.add_argument("stack", nargs="?", help="which stack, if several are up")
    sub = command("logs", logs)
    sub.add_argument("node")
    sub.add_argument("-f", "--follow", action="store_true", help="go on until ctrl-C")
    sub.add_argument("--stack", help="which stack, if several are up")
    sub = command("down", down)
    sub.add_argument("stack", nargs="?", help="which stack, if several are up")
    sub.add_argument("--all", action="store_true", help="every stack that is up")
    sub = command("prove", prove)
    sub.add_argument("mutants", nargs="*", metavar="MUTANT", help="names in mutants/; default: all")
    sub.add_argument("--since", metavar="COMMIT", help="those that what changed since then touches")
    sub.add_argument("--also", type=int, default=0, metavar="N", help="with --since: so many others too, drawn anew for each commit")
    sub.add_argument("--platform", help="where nodes run")
    sub.add_argument("--seed", type=int, help="the same for every run")
    sub.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at the same time (default: one a core)")
    sub = selecting("flake", flake)
    sub.add_argument("--runs", type=int, default=20, help="how often (default: 20)")
    sub.add_argument("--seed", type=int, help="the same in every run; default: another one each")
    sub = command("shrink", shrink)
    sub.add_argument("plan", metavar="FILE", help="the plan.json that a run with random faults left in its scenario's folder")
    sub.add_argument("--platform", help="where nodes run")
    sub = command("bench", bench)
    sub.add_argument("benchmark", choices=sorted(BENCHMARKS))
    sub = command("images", images)
    sub.add_argument("action", choices=["build", "list"], help="build prints the tag in its last line; list marks the current one with *")
    sub.add_argument("--base", dest="base_image", metavar="IMAGE", help="build on this image, as HIVECHECK_BASE_IMAGE does")
    sub = command("targets", targets)
    sub.add_argument("action", choices=["list", "install"])
    sub.add_argument("names", nargs="*", metavar="TARGET", help="a name in hivecheck/targets/, or a TOML file")
    command("doctor", doctor)
    command("reap", reap)
    sub = command("docs", docs)
    sub.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is not fresh")
    return parser
