"""The hive's own routes: models, workers, journals and stop."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from services import bodies, wire
from services.api_errors import ApiError
from services.hive.launch import worker_dir
from services.hive.report import models_body
from services.hive.settings import HiveSettings
from services.hive.supervisor import Supervisor
from services.service import ServiceContext, json_response

JOURNAL_FILE = "journal.jsonl"
JOURNAL_PAGE_LINES = 10_000


def add_routes(table: web.RouteTableDef, context: ServiceContext, settings: HiveSettings, supervisor: Supervisor) -> None:
    """Add the hive's own routes."""

    @table.get("/models")
    @table.get("/v1/models")
    async def models(_: web.Request) -> web.Response:
        # An empty list would claim that the hive serves no model at all.
        if not supervisor.is_answered:
            raise ApiError("not_ready", "No worker has reported its models yet.", headers={wire.RETRY_AFTER: "1"})
        return json_response(models_body(supervisor, settings.name))

    @table.get("/workers")
    async def workers(_: web.Request) -> web.Response:
        return json_response({"workers": [worker.view() for worker in supervisor]})

    @table.get("/workers/{id}")
    async def worker(request: web.Request) -> web.Response:
        return json_response(supervisor.find(request.match_info["id"]).view())

    @table.post("/workers")
    async def add(request: web.Request) -> web.Response:
        _must_not_drain(context)
        spec = bodies.decode(await request.read(), wire.WorkerSpec)
        must_be_startable(spec)
        return json_response(supervisor.add(spec).view(), status=201)

    @table.delete("/workers/{id}")
    async def remove(request: web.Request) -> web.Response:
        identifier = request.match_info["id"]
        drain_seconds = bodies.seconds(request.query, "drain", settings.drain_seconds)
        return json_response({"id": identifier, "exit": await supervisor.remove(identifier, drain_seconds)})

    @table.post("/workers/{id}/reset")
    async def reset(request: web.Request) -> web.Response:
        _must_not_drain(context)
        return json_response(supervisor.reset(request.match_info["id"]).view(), status=202)

    @table.get("/workers/{id}/journal")
    async def journal(request: web.Request) -> web.Response:
        found = supervisor.find(request.match_info["id"])
        if not found.is_managed:
            raise ApiError("not_found", f"{found.id} is an attached worker, and its journal is on its own machine.")
        since = bodies.integer(request.query, "since", 0)
        return json_response(await asyncio.to_thread(read_journal, worker_dir(settings, found.id) / JOURNAL_FILE, since))

    @table.post("/stop")
    async def stop(_: web.Request) -> web.Response:
        context.stop_requested.set()
        return json_response({"stopping": True}, status=202)


def must_be_startable(spec: wire.WorkerSpec) -> None:
    """Raise ApiError 400 with the field unless a worker can start with this spec."""
    if spec.id is not None:
        bodies.must_be_name(spec.id, "id")
    bodies.must_be_models(spec.models)
    if bad := next((text for text in (*spec.args, *spec.env.values()) if "\0" in text), None):
        raise ApiError("invalid_request", f"{bad!r}: expected a text without a NUL character.", param="args")
    if bad := next((name for name in spec.env if not name or "=" in name or "\0" in name), None):
        raise ApiError("invalid_request", f"env {bad!r}: expected a name without '='.", param="env")


def read_journal(path: Path, since: int) -> dict[str, Any]:
    """One page of complete journal lines from line `since` on, and the first line of the next page."""
    if not path.exists():
        return {"events": [], "next": since}
    with path.open("rb") as file:
        # The worker may be writing the last line now. The next page returns it complete.
        lines = [line for line in islice(file, since, since + JOURNAL_PAGE_LINES) if line.endswith(b"\n")]
    return {"events": [msgspec.json.decode(line) for line in lines], "next": since + len(lines)}


def _must_not_drain(context: ServiceContext) -> None:
    if context.is_draining:
        raise ApiError("draining", "The hive is stopping.", headers={wire.RETRY_AFTER: "1"})
