"""The status endpoints of SGLang and vLLM, which other projects' routers query before they use a worker. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.worker.settings import WorkerSettings
from services.worker.slots import Slots


def load(slots: Slots) -> dict[str, int]:
    """The body of `/get_load`. SGLang's router reads `load`, the sum of running and waiting requests."""
    busy = slots.running + slots.waiting
    return {"load": busy, "num_reqs": slots.running, "num_waiting_reqs": slots.waiting, "running": slots.running, "waiting": slots.waiting}


def model_info(settings: WorkerSettings) -> dict[str, Any]:
    """The body of `/get_model_info`."""
    # A local path, because a router looks for a tokenizer there and must not download a model.
    name = settings.models[0] if settings.models else ""
    path = str(Path(settings.data_dir).resolve() / "models" / name.replace("/", "--"))
    return {"model_path": path, "tokenizer_path": path, "served_model_name": name, "is_generation": True}


def server_info(settings: WorkerSettings, slots: Slots) -> dict[str, Any]:
    """The body of `/get_server_info`."""
    limits = {"max_running_requests": settings.max_num_seqs, "max_queued_requests": settings.max_waiting, "dp_size": 1}
    states = {"internal_states": [load(slots)], "status": "ready", "version": "simulator"}
    return model_info(settings) | {"model_id": model_info(settings)["served_model_name"]} | limits | states
