"""Removes processes and containers of runs with a proven dead harness. A live run and a kept stack stay untouched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hivecheck import process_labels
from hivecheck.errors import PlatformError


def remove_orphans(say: Callable[[str], None], contexts: Sequence[str] = ()) -> int:
    """Remove all of it and say what, a line each; returns how many things there were. Raises LeakError if something stays.

    `contexts` are further Docker contexts, which carriers of a load use. Raises as `contexts.connect` does for one that gives no answer.
    """
    removed = [f"process {process.sentence()}" for process in _end_processes()]
    try:
        removed += [_words(name) for name in remove_containers()]
    except PlatformError as error:
        say(f"Containers were not looked at: {error}")
    for line in removed:
        say(line)
    for context in dict.fromkeys(contexts):
        found = [f"{_words(name)} of the context {context}" for name in remove_containers(context)]
        for line in found:
            say(line)
        removed += found
    return len(removed)


def abandoned_processes() -> list[process_labels.Labelled]:
    """Every process with a proven dead harness, except those of a kept stack."""
    return [process for process in process_labels.find() if process.is_abandoned()]


def _end_processes() -> list[process_labels.Labelled]:
    stacks = {(process.run_id, process.stack) for process in abandoned_processes()}
    return [process for run_id, stack in sorted(stacks) for process in process_labels.sweep(run_id, stack)]


def _words(name: str) -> str:
    return name if "network" in name else f"container {name}"


def remove_containers(context: str = "") -> list[str]:
    """Remove containers and networks from the usual engine, or from that of a Docker context; returns their names."""
    from hivecheck.platforms.docker import contexts, engine  # not at the top: the SDK takes a while to import

    client = contexts.connect(context) if context else engine.connect()
    try:
        return engine.remove_orphans(client)
    finally:
        client.close()
