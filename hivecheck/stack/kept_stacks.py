"""Stacks that outlive the command that started them (`hivecheck up`, `--keep`): what is needed to look at them and end them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TextIO

from hivecheck import process_labels
from hivecheck.errors import ConditionTimeoutError, UsageError
from hivecheck.settings import KEPT_FOLDER
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.waiting import eventually
from hivecheck.wording import counted

FORMAT = 2  # of the file of a kept stack; 1 had no number


@dataclass(frozen=True)
class KeptNode:
    """A node of a kept stack, and where its log is."""

    service: str
    url: str
    log: str | None


@dataclass(frozen=True)
class KeptStack:
    """Everything about a kept stack, secrets included: its file is readable by its owner only."""

    run_id: str
    name: str
    topology: str
    platform: str
    token: str
    key: str
    nodes: dict[str, KeptNode] = field(default_factory=dict)

    @property
    def orchestrator_url(self) -> str:
        return next(node.url for node in self.nodes.values() if node.service == "orchestrator")


def keep(stack: Stack, run_id: str, report_dir: Path) -> KeptStack:
    """Write down what belongs to a stack that is to stay up."""
    nodes = {name: KeptNode(node.service, node.url, _text(node.path_of("../log.jsonl"))) for name, node in stack.nodes.items()}
    if "orchestrator" not in {node.service for node in nodes.values()}:  # a gateway that runs elsewhere is no node
        nodes["gateway"] = KeptNode("orchestrator", stack.gateway.url, None)
    kept = KeptStack(run_id, stack.name, stack.topology.name, stack.platform.name, stack.secrets.token, stack.secrets.keys["tester"], nodes)
    path = _file(report_dir, kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Before the content, because write_text would create the file with the mode of the umask.
    path.touch(mode=0o600)
    path.write_text(json.dumps({"format": FORMAT} | asdict(kept), indent=2), encoding="utf-8")
    return kept


def kept_stacks(report_dir: Path) -> list[KeptStack]:
    """Every kept stack, the oldest first."""
    found = []
    for path in sorted((report_dir / KEPT_FOLDER).glob("*.json"), key=lambda path: path.stat().st_mtime):
        raw = json.loads(path.read_text(encoding="utf-8"))
        if (number := raw.pop("format", 1)) > FORMAT:
            raise UsageError(f"{path} has format {number}, and this hivecheck reads formats up to {FORMAT}; use a newer hivecheck.")
        found.append(KeptStack(**(raw | {"nodes": {name: KeptNode(**node) for name, node in raw["nodes"].items()}})))
    return found


def of_run(run_id: str, report_dir: Path) -> list[KeptStack]:
    """The kept stacks of one run."""
    return [stack for stack in kept_stacks(report_dir) if stack.run_id == run_id]


def the_stack(report_dir: Path, name: str | None, command: str, alternative: str = "") -> KeptStack:
    """The kept stack of that name (or topology, or run id), or the only one. Raises UsageError when there is none, or more than one.

    `command` is a command line with `{}` for the id of a stack, and `alternative` one without: what the refusal of several advises.
    """
    stacks = kept_stacks(report_dir)
    fitting = [stack for stack in stacks if name in (None, stack.name, stack.topology, stack.run_id)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        known = ", ".join(f"{stack.name} ({stack.run_id})" for stack in stacks) or "none"
        raise UsageError(f"no such stack is up; start one with `hivecheck up`. Up are: {known}.")
    # One name can be up twice; the id of its run tells them apart.
    up = ", ".join(f"{stack.name} ({stack.run_id})" for stack in fitting)
    commands = [*(command.format(stack.run_id) for stack in fitting), *([alternative] if alternative else [])]
    raise UsageError(
        f"expected: exactly one stack{f' {name}' if name else ''} is up, or the id of one\n"
        f"actual: {counted(len(fitting), 'stack is up', 'stacks are up')}: {up}\n"
        f"next: name one by its id: {' or '.join(f'`{line}`' for line in commands)}"
    )


def take_down(stack: KeptStack, report_dir: Path) -> list[str]:
    """SIGTERM to the nodes, all but the registry first; returns what did not end by itself and was killed."""
    # The registry last, so that hives and workers can deregister.
    orders = [[name for name, node in stack.nodes.items() if node.service != "registry"], list(stack.nodes)]
    killed = _stop_containers(stack, orders) if stack.platform == "docker" else _stop_processes(stack, orders)
    forget(stack, report_dir)
    return killed


def show_log(stack: KeptStack, node: str, *, follow: bool, out: TextIO) -> None:
    """Write a node's log, whole; with `follow` also what comes. Raises UsageError for an unknown node."""
    known = stack.nodes.get(node)
    if known is None:
        for hive in (name for name, other in stack.nodes.items() if other.service == "hive"):
            if node in topology.load(stack.topology).managed(hive):
                raise UsageError(f"{node} is a process of {hive}; use `hivecheck logs {hive}`.")
        raise UsageError(f"{stack.name} has no node {node!r}. Nodes: {', '.join(stack.nodes)}.")
    if known.log is None and stack.platform != "docker":
        raise UsageError(f"{node} of {stack.name} runs elsewhere; so does its log.")
    if stack.platform == "docker":
        from hivecheck.platforms.docker import engine

        for piece in engine.logs(engine.connect(), stack.run_id, stack.name, node, follow=follow):
            out.write(piece.decode(errors="replace"))
            out.flush()
    else:
        subprocess.run(["tail", "-n", "+1", *(["-F"] if follow else []), str(known.log)], stdout=out, check=False)


def _stop_processes(stack: KeptStack, orders: list[list[str]]) -> list[str]:
    for names in orders:
        for process in _roots(stack, names):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
        with contextlib.suppress(ConditionTimeoutError):
            eventually(
                partial(_roots, stack, names), within=Timeouts().node_stop, what="the nodes have exited", until=lambda left: not left
            )
    return [process.sentence() for process in process_labels.sweep(stack.run_id, stack.name)]


def _stop_containers(stack: KeptStack, orders: list[list[str]]) -> list[str]:
    from hivecheck.platforms.docker import engine

    client = engine.connect()
    seconds = int(Timeouts().node_stop)
    killed = [word for names in orders for word in engine.stop(client, stack.run_id, stack.name, names, seconds)]
    engine.sweep(client, stack.run_id, stack.name)
    return killed


def _roots(stack: KeptStack, names: list[str]) -> list[process_labels.Labelled]:
    """The services' own processes: those of these nodes with a parent outside the stack."""
    found = process_labels.find(stack.run_id, stack.name)
    own = {process.pid for process in found}
    return [process for process in found if process.node in names and process.parent_pid not in own]


def forget(stack: KeptStack, report_dir: Path) -> None:
    """The stack is down."""
    _file(report_dir, stack).unlink(missing_ok=True)


def first_words(stack: KeptStack, called: str = "") -> list[str]:
    """URLs and ready-to-paste command lines for a person, which call the stack by its name or as the caller says."""
    called = called or stack.name
    url = stack.orchestrator_url
    width = max(len(name) for name in stack.nodes)
    lines = [f"{name:<{width}}  {node.url}" for name, node in stack.nodes.items()]
    body = '{"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}'
    return [
        *lines,
        "",
        "Ask it:",
        f"  curl -s {url}/v1/models -H 'Authorization: Bearer {stack.key}'",
        f"  curl -s {url}/v1/chat/completions -H 'Authorization: Bearer {stack.key}' -H 'Content-Type: application/json' -d '{body}'",
        f"  curl -s {url}/api/cluster/status -H 'X-Cluster-Token: {stack.token}'",
        "",
        f"Look at it:   hivecheck status {called}      hivecheck logs -f orchestrator --stack {called}",
        f"Take it down: hivecheck down {called}",
    ]


def _file(report_dir: Path, stack: KeptStack) -> Path:
    return process_labels.kept_file(report_dir / KEPT_FOLDER, stack.run_id, stack.name)


def _text(path: Path | None) -> str | None:
    return str(path.resolve()) if path else None
