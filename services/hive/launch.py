"""How a worker of this hive is started: the backend's command line with its placeholders filled in."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from services import wire
from services.hive import processes
from services.hive.child import Launch
from services.hive.orphan_killer import MARKER
from services.hive.settings import HiveSettings

LOOPBACK = "127.0.0.1"  # managed workers are reached through the hive only
_PLACEHOLDER = re.compile(r"\{(python|id|host|port|models|model|data_dir|token)\}")


def workers_dir(settings: HiveSettings) -> Path:
    """Where the workers have their directories; absolute."""
    return Path(settings.data_dir).resolve() / "workers"


def worker_dir(settings: HiveSettings, identifier: str) -> Path:
    """Where one worker keeps its files; absolute."""
    return workers_dir(settings) / identifier


def launch(settings: HiveSettings, spec: wire.WorkerSpec, port: int, epoch: int) -> Launch:
    """The command line, environment and log file of one incarnation of a worker."""
    identifier = spec.id or ""
    directory = worker_dir(settings, identifier)
    values = {
        "python": sys.executable,
        "id": identifier,
        "host": LOOPBACK,
        "port": str(port),
        "models": msgspec.json.encode(spec.models).decode(),  # a JSON list of strings is a TOML one as well
        "model": spec.models[0] if spec.models else "",
        "data_dir": str(directory),
        "token": settings.token,
    }
    backend = settings.backend
    command = (*(_fill(part, values) for part in (*backend.command, *backend.args, *spec.args)),)
    given = {name: _fill(value, values) for name, value in (dict(backend.env) | spec.env).items()}
    return Launch(command, dict(os.environ) | given | {MARKER: marker(settings, identifier, epoch)}, directory / "log.jsonl")


def marker(settings: HiveSettings, identifier: str, epoch: int) -> str:
    """The value of the environment variable by which a process is known to belong to one incarnation of one worker."""
    return f"{hive_mark(settings)}{identifier}/{epoch}/"


def hive_mark(settings: HiveSettings) -> str:
    """What the marks of all workers of this process begin with: another run of the same hive has another one."""
    return f"{settings.name}/{os.getpid()}-{processes.started_ticks(os.getpid())}/"


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
