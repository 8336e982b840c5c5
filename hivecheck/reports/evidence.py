"""Collects the evidence of a scenario that did not pass, before any clean-up. Secrets are replaced by ***."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hivecheck.errors import HivecheckError
from hivecheck.history import History, Operation
from hivecheck.platforms.platform import Node
from hivecheck.stack.stack import Stack

LOG_LINES = 500
STORY = "story.txt"  # no scenario that passed has it
REDACTED = "***"


def collect(stack: Stack, history: History, gateway_url: str, folder: Path, story: str) -> None:
    """Write story, requests as curl lines, states, registrations, journals and each node's log window into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    redact = _redaction(stack.secrets.all())
    _write(folder / STORY, redact(story))
    # Each text is redacted before it reaches the disk: CI servers publish the evidence folder.
    _write(folder / "requests.sh", redact(_curl_lines(history.operations(None), gateway_url)))
    _write(folder / "operations.txt", redact("\n".join(operation.sentence() for operation in history.operations(None))))
    _write(folder / "states.json", redact(json.dumps(_states(stack), indent=2, default=str)))
    _write(folder / "events.txt", redact("\n".join(_event_lines(history))))
    for name, node in stack.nodes.items():
        _write(folder / "logs" / f"{name}.jsonl", redact("\n".join(node.log_lines()[-LOG_LINES:])))
        for file in [*node.files("journal.jsonl"), *node.files("workers/*/*.jsonl")]:
            lines = node.read_file(file).decode(errors="replace").splitlines()[-LOG_LINES:]
            _write(folder / "logs" / f"{name}-{file.replace('/', '-')}", redact("\n".join(lines)))


def collect_logs(logs: Mapping[str, Sequence[str]], folder: Path, story: str) -> None:
    """Write what is left of a stack that failed at its start: the story and each node's log, without secrets already."""
    _write(folder / STORY, story)
    for name, lines in logs.items():
        _write(folder / "logs" / f"{name}.jsonl", "\n".join(lines))


def _states(stack: Stack) -> dict[str, Any]:
    states: dict[str, Any] = {"taken_at": time.time()}
    states["nodes"] = {name: _node_state(node) for name, node in stack.nodes.items()}
    states["registrations"] = _answer(lambda: stack.registry.services(status="all"))
    states["orchestrator health"] = _answer(lambda: stack.orchestrator.health())
    states["orchestrator workers"] = _answer(lambda: stack.orchestrator.workers())
    states["orchestrator statistics"] = _answer(lambda: stack.orchestrator.stats())
    for name, hive in stack.hives.items():
        states[f"{name} health"] = _answer(hive.health)
        states[f"{name} info"] = _answer(hive.info)
    return states


def _node_state(node: Node) -> dict[str, Any]:
    processes = [str(process) for process in node.processes()]
    return {"url": node.url, "running": node.is_running(), "exit_code": node.exit_code(), "processes": processes}


def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (HivecheckError, KeyError, TypeError, ValueError) as error:
        # A node under a fault may refuse. Its refusal is evidence too, and the other states must still be collected.
        return f"no answer: {error}"


def _curl_lines(operations: Iterable[Operation], url: str) -> str:
    lines = ["# The scenario's requests as curl lines, in the order in which they ended. Set KEY to a key of the gateway."]
    for operation in operations:
        headers = " ".join(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in operation.sent_headers.items())
        body = shlex.quote(json.dumps(operation.request, ensure_ascii=False))
        # On one line, because the rest of a message with line breaks would be a command of the script.
        lines.append(f"# {operation.sentence()}".replace("\n", " "))
        lines.append(f'curl -N {url}{operation.path} -H "Authorization: Bearer $KEY" {headers} -d {body}')
    return "\n".join(lines)


def _event_lines(history: History) -> list[str]:
    """Acts, journal lines and log lines, in one order of time."""
    events = sorted(history.events(), key=lambda event: event.at)
    start = events[0].at if events else 0.0
    return [f"{event.at - start:9.3f} s  {event.kind:<8} {event.node:<18} {json.dumps(event.data, default=str)}" for event in events]


def _redaction(secrets: list[str]) -> Callable[[str], str]:
    def redact(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, REDACTED)
        return text

    return redact


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON can contain lone surrogates, and strict UTF-8 rejects them.
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
