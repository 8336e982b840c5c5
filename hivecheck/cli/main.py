"""The `hivecheck` command: parses the command line and carries out one command. The commands are in the modules beside this one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import metadata

from hivecheck.cli import compare, load, maintenance, merge, mutate, run, soak, stacks
from hivecheck.cli.arguments import CarryOut
from hivecheck.errors import HivecheckError
from hivecheck.settings import renamed

OLD_COMMANDS = {"prove": "mutate", "flake": "repeat", "reap": "cleanup"}  # of the last release: accepted until the next one


def main(argv: Sequence[str] | None = None) -> int:
    """Parse and carry out; returns the exit code. A HivecheckError becomes its message and exit code 2."""
    words = list(sys.argv[1:] if argv is None else argv)
    # Replaced before argparse sees it, because argparse lists each command that it knows in its refusal of an unknown one.
    if words and (new := OLD_COMMANDS.get(words[0])):
        sys.stderr.write(renamed(f"`hivecheck {words[0]}`", f"`hivecheck {new}`") + "\n")
        words[0] = new
    arguments = _parser().parse_args(words)
    sys.stderr.write("".join(f"{notice}\n" for notice in arguments.notices))
    carry_out: CarryOut = arguments.carry_out
    try:
        return carry_out(arguments)
    except HivecheckError as error:
        sys.stderr.write(f"hivecheck {arguments.command}: {error}\n")
        return 2
    # Python flushes stdout again at its exit and fails a second time (docs of `signal`, note on SIGPIPE).
    except BrokenPipeError:  # the reader of our output, such as `head`, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write(f"hivecheck {arguments.command}: interrupted\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hivecheck", description="Acceptance, chaos and load harness for LLM-serving stacks.")
    parser.add_argument("--version", action="version", version=f"hivecheck {metadata.version('hivecheck')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in (run, load, soak, merge, compare, stacks, mutate, maintenance):
        group.add(commands)
    return parser
