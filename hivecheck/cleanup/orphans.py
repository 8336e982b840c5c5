"""Removes processes and containers of runs with a proven dead harness. A live run and a kept stack stay untouched."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck import process_labels
from hivecheck.errors import PlatformError


def remove_orphans(say: Callable[[str], None]) -> int:
    """Remove all of it and say what, a line each; returns how many things there were. Raises LeakError if something stays."""
    removed = [f"process {process.sentence()}" for process in _end_processes()]
    try:
        removed += [f"container {name}" if "network" not in name else name for name in _remove_containers()]
    except PlatformError as error:
        say(f"Containers were not looked at: {error}")
    for line in removed:
        say(line)
    return len(removed)


def abandoned_processes() -> list[process_labels.Labelled]:
    """Every process with a proven dead harness, except those of a kept stack."""
    return [process for process in process_labels.find() if process.is_abandoned()]


def _end_processes() -> list[process_labels.Labelled]:
    stacks = {(process.run_id, process.stack) for process in abandoned_processes()}
    return [process for run_id, stack in sorted(stacks) for process in process_labels.sweep(run_id, stack)]


def _remove_containers() -> list[str]:
    from hivecheck.platforms.docker import engine  # not at the top: the SDK takes a while to import

    client = engine.connect()
    try:
        return engine.remove_orphans(client)
    finally:
        client.close()
