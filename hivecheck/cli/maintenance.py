"""`hivecheck bench`, `images`, `targets`, `doctor`, `cleanup` and `docs`: what a machine and a project need beside runs."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from hivecheck.cli.arguments import Commands, command, say, settings
from hivecheck.errors import UsageError
from hivecheck.settings import PROJECT_ROOT

BENCHMARKS = {
    "startup": "startup.py",
    "gateway": "gateway_overhead.py",
    "choice": "worker_choice.py",
    "faults": "faults.py",
    "load": "load_peers.py",
    "protocol": "load_engine.py",
    "ledger": "ledger.py",
}
BENCH_OPTIONS = {"load": ("only", "cases", "minutes", "seed"), "ledger": ("seed",)}


def add(commands: Commands) -> None:
    """Declare the commands."""
    command(commands, "bench", bench, _bench_options)
    command(commands, "images", images, _images_options)
    command(commands, "targets", targets, _targets_options)
    command(commands, "doctor", doctor)
    command(commands, "cleanup", cleanup, _cleanup_options)
    command(commands, "docs", docs, _docs_options)


def _bench_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", choices=sorted(BENCHMARKS))
    parser.add_argument("--only", metavar="ENGINES", help="load: some of its engines, such as ours,locust")
    parser.add_argument("--cases", metavar="CASES", help="load: some of its cases, such as streams,cut")
    parser.add_argument("--minutes", metavar="MINUTES", help="load: the length of its case memory")
    parser.add_argument("--seed", metavar="SEED", help="load: decides what its engines draw; ledger: the moments of the kills")


def bench(arguments: argparse.Namespace) -> int:
    """Run one benchmark; it writes its figures into benchmarks/results/."""
    script = _checkout("bench") / "benchmarks" / BENCHMARKS[arguments.benchmark]
    given = {name: value for name in BENCH_OPTIONS["load"] if (value := getattr(arguments, name))}
    accepted = BENCH_OPTIONS.get(arguments.benchmark, ())
    if refused := [f"--{name}" for name in given if name not in accepted]:
        known = " ".join(f"--{name}" for name in accepted) or "no options"
        raise UsageError(f"expected: {known} for {arguments.benchmark}\nactual: {' '.join(refused)}\nnext: leave out what load alone has")
    return subprocess.run([sys.executable, str(script), *(f"--{name}={value}" for name, value in given.items())], check=False).returncode


def _images_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["build", "list"], help="build prints the tag last; list marks the current image with *")
    parser.add_argument("--base", dest="base_image", metavar="IMAGE", help="build on this image, as HIVECHECK_BASE_IMAGE does")


def images(arguments: argparse.Namespace) -> int:
    """Build the image that services run in, if its inputs changed, or list the images of this machine."""
    # Here and not above: it loads the Docker SDK, which most commands can do without.
    from hivecheck import images

    chosen = settings(arguments)
    if arguments.action == "build":
        say(images.build(chosen, say))
        return 0
    say(*(image.line(time.time()) for image in images.listing(chosen)))
    return 0


def _targets_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["list", "install", "check"], help="check: start the gateway and send it a preflight")
    parser.add_argument("names", nargs="*", metavar="TARGET", help="a name in hivecheck/targets/, or a TOML file")


def targets(arguments: argparse.Namespace) -> int:
    """List the gateways that can be tested beside the reference, install one into an environment of its own, or check one."""
    from hivecheck.reports.text import run_command
    from hivecheck.targets import environments, target

    if arguments.action == "list":
        say(*(f"{loaded.name:<16}  {loaded.summary}" for name in target.names() if (loaded := target.load(name))))
        return 0
    found = {name: loaded for name in arguments.names if (loaded := target.load(name))}
    if not found:
        raise UsageError(
            f"expected: at least one target to {arguments.action}\nactual: {', '.join(arguments.names) or 'none'}\n"
            f"next: name one of {', '.join(target.names())}, or a TOML file; the reference needs neither installation nor check"
        )
    if arguments.action == "check":
        from hivecheck.cli.target_check import check

        return max(check(settings(arguments), loaded) for loaded in found.values())
    for name, loaded in found.items():
        place = environments.install(settings(arguments).cache_dir, loaded, say)
        say(f"{loaded.name} is in {place}; now: {run_command()} --target {name} --platform process")
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Check everything that a run needs, and print what to do about each problem; exit code 1 if there is one. Changes nothing."""
    from hivecheck.doctor import doctor

    findings = []
    for finding in doctor.examine(settings(arguments)):
        say(finding.line())
        # Through a pipe Python writes whole blocks, and one check can wait 10 s for the daemon.
        sys.stdout.flush()
        findings.append(finding)
    return doctor.exit_code(findings)


def _cleanup_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--context",
        metavar="CONTEXT",
        action="append",
        default=[],
        help="look on this Docker context too, as --carriers of a load names it",
    )


def cleanup(arguments: argparse.Namespace) -> int:
    """Remove what dead runs left behind. A living run and a kept stack are not touched."""
    from hivecheck.cleanup import orphans

    # A misspelt -D is refused before anything is removed.
    settings(arguments)
    if not orphans.remove_orphans(say, arguments.context):
        say("No dead run left anything behind.")
    return 0


def _docs_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")


def docs(arguments: argparse.Namespace) -> int:
    """Write the generated pages of docs/, or only check that they are up to date."""
    root = _checkout("docs")
    from hivecheck.docs_pages import stale, write

    if arguments.check:
        old = stale(root)
        say(*(f"{page} is out of date; run `hivecheck docs`" for page in old))
        return 1 if old else 0
    say(*(f"wrote {page}" for page in write(root)))
    return 0


def _checkout(verb: str) -> Path:
    """The root of hivecheck's own repository. Raises UsageError for an installed package, which has neither benchmarks nor docs."""
    if not (PROJECT_ROOT / "setup.cfg").is_file():
        raise UsageError(
            f"expected: an editable install of hivecheck for `hivecheck {verb}`\nactual: a package in {PROJECT_ROOT}\n"
            "next: run it in a clone of the repository, after ./run-integration-tests.sh --install-only"
        )
    return PROJECT_ROOT
