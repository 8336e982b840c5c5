"""Builds a worker's command line and environment from the backend settings. It does not start the process."""

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

LOOPBACK = "127.0.0.1"  # Clients reach managed workers only through the hive.
_PLACEHOLDER = re.compile(r"\{(python|id|host|port|models|model|data_dir|token)\}")


def workers_dir(settings: HiveSettings) -> Path:
    """The absolute path of the folder with all worker directories."""
    return Path(settings.data_dir).resolve() / "workers"


def worker_dir(settings: HiveSettings, identifier: str) -> Path:
    """The absolute path of one worker's directory."""
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
        "models": msgspec.json.encode(spec.models).decode(),  # A JSON list of strings is valid TOML too.
        "model": spec.models[0] if spec.models else "",
        "data_dir": str(directory),
        "token": settings.token,
    }
    backend = settings.backend
    command = (*(_fill(part, values) for part in (*backend.command, *backend.args, *spec.args)),)
    given = {name: _fill(value, values) for name, value in (dict(backend.env) | spec.env).items()}
    return Launch(command, dict(os.environ) | given | {MARKER: marker(settings, identifier, epoch)}, directory / "log.jsonl")


def marker(settings: HiveSettings, identifier: str, epoch: int) -> str:
    """The mark of one incarnation of one worker. All its processes carry it in the environment variable `MARKER`."""
    return f"{hive_mark(settings)}{identifier}/{epoch}/"


def hive_mark(settings: HiveSettings) -> str:
    """The common prefix of all worker marks of this hive process. Each run of a hive has a different one."""
    return f"{settings.name}/{os.getpid()}-{processes.started_ticks(os.getpid())}/"


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
