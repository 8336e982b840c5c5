"""Removes what runs left behind whose harness is proven dead: processes and containers. Never a living run's, never a kept stack's."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck import labels
from hivecheck.errors import PlatformError


def reap(say: Callable[[str], None]) -> int:
    """Remove all of it and say what, a line each; returns how many things there were. Raises LeakError if something stays."""
    removed = [f"process {process.sentence()}" for process in _end_processes()]
    try:
        removed += [f"container {name}" if "network" not in name else name for name in _remove_containers()]
    except PlatformError as error:
        say(f"Containers were not looked at: {error}")
    for line in removed:
        say(line)
    return len(removed)


def abandoned_processes() -> list[labels.Labelled]:
    """Every process whose harness is proven dead and whose stack nobody keeps up."""
    return [process for process in labels.find() if process.is_abandoned()]


def _end_processes() -> list[labels.Labelled]:
    stacks = {(process.run_id, process.stack) for process in abandoned_processes()}
    return [process for run_id, stack in sorted(stacks) for process in labels.sweep(run_id, stack)]


def _remove_containers() -> list[str]:
    from hivecheck.platforms import docker_engine  # not at the top: the SDK takes a while to import

    client = docker_engine.connect()
    try:
        return docker_engine.reap(client)
    finally:
        client.close()
