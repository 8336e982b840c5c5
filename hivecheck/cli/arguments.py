"""What the commands share: how one is declared, the options that select scenarios, settings, output, and names of the last release."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from hivecheck.errors import UsageError
from hivecheck.settings import Settings, renamed

# argparse has no public name for the object that holds the commands.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
CarryOut = Callable[[argparse.Namespace], int]
Options = Callable[[argparse.ArgumentParser], None]

RANDOM_FEATURE = "features/chaos/random.feature"
SETTINGS_OF_OPTIONS = ("platform", "seed", "base_image")


def no_options(parser: argparse.ArgumentParser) -> None:
    """A command without options of its own."""


def command(commands: Commands, name: str, carry_out: CarryOut, options: Options = no_options) -> None:
    """Declare a command. Its help is the docstring of the function that carries it out."""
    text = (carry_out.__doc__ or "").strip()
    parser = commands.add_parser(name, help=text.splitlines()[0], description=text)
    parser.set_defaults(carry_out=carry_out, command=name, notices=[])
    parser.add_argument("-D", dest="define", metavar="NAME=VALUE", action="append", default=[], help="a setting: -D timeout_scale=2")
    options(parser)


def whole_number(text: str) -> int:
    """The type of an option that is a number. argparse prints the message of this error, and none of an error of `int`."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, not {text!r}") from None


class OldOption(argparse.Action):
    """An option under its name of the last release: hidden, with a notice. `new` is the present name."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, new: str, **others: Any) -> None:
        super().__init__(option_strings, dest, help=argparse.SUPPRESS, default=argparse.SUPPRESS, **others)
        self.new = new

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        notices = getattr(namespace, "notices", [])
        namespace.notices = [*notices, renamed(f"`{option}`", f"`{self.new}`")]
        setattr(namespace, self.dest, values)


def add_platform(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--platform", help="where nodes run")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """The options that select scenarios."""
    parser.add_argument("paths", nargs="*", metavar="FEATURE", help="feature files, file:line, or folders; default: all")
    parser.add_argument("--tags", action="append", metavar="EXPR", help="e.g. '@P0 and not @slow'; default @integration")
    parser.add_argument("--name", action="append", default=[], metavar="PATTERN", help="only scenarios with a matching name")
    add_platform(parser)


def selection(arguments: argparse.Namespace) -> list[str]:
    """The selected scenarios as options of behave. Raises UsageError outside a project."""
    if not Path("setup.cfg").is_file() or not Path("environment.py").is_file():
        raise UsageError(
            "expected: the root of a project, with setup.cfg, environment.py and steps/\n"
            f"actual: {Path.cwd()} lacks setup.cfg or environment.py\nnext: change into the project's root"
        )
    options = list(arguments.paths)
    has_faults = getattr(arguments, "random_faults", None) or getattr(arguments, "fault_plan", None)
    if has_faults and not (arguments.paths or arguments.tags or arguments.name):
        # Only this feature injects a drawn plan. The default selection would run every other scenario too.
        options.append(RANDOM_FEATURE)
    # The earlier run of a rerun may have had other tags, and each of its scenarios is to run again.
    is_rerun = getattr(arguments, "rerun_failed", None) or any(define.startswith("rerun_failed=") for define in arguments.define)
    for expression in arguments.tags or ([] if options or is_rerun else ["@integration"]):
        options += ["--tags", expression]
    for pattern in arguments.name:
        options += ["--name", pattern]
    return options


def defines(arguments: argparse.Namespace) -> list[str]:
    """The settings that the command line gives with -D, as options of behave."""
    return [part for define in arguments.define for part in ("-D", define)]


def settings(arguments: argparse.Namespace) -> Settings:
    """Defaults, environment, -D and options. Raises SettingError."""
    given = dict(pair.split("=", 1) for pair in arguments.define if "=" in pair)
    given |= {name: str(value) for name in SETTINGS_OF_OPTIONS if (value := getattr(arguments, name, None)) is not None}
    return Settings.load(os.environ, given)


def say(*lines: str) -> None:
    """Write lines to standard output."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
