"""The usage routes: totals and single requests for operators, and each client's own totals. They only read the ledger."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from services import bodies
from services.api_errors import ApiError
from services.orchestrator.gateway import Gateway
from services.orchestrator.usage import ledger_queries
from services.orchestrator.usage.ledger_queries import GROUPS, Scope
from services.service import json_response
from services.wire import RETRY_AFTER

OWN_GROUPS = ("model", "key")
MAX_REQUESTS = 1000
DEFAULT_SECONDS = 86400.0
_TIME = re.compile(r"\d{1,10}(\.\d{1,9})?")

FoundT = TypeVar("FoundT")


def add(table: web.RouteTableDef, gateway: Gateway) -> None:
    """Add the usage routes. They come before the `/v1/*` routes, because those match every path."""
    ledger = gateway.recorder.ledger
    one_at_a_time = asyncio.Lock()  # A query over all rows keeps a core busy, and requests need the other cores.

    async def run_query(query: Callable[..., FoundT], *arguments: Any) -> FoundT:
        try:
            async with one_at_a_time:
                return await asyncio.to_thread(query, ledger.path, *arguments)
        except sqlite3.Error as error:
            raise ApiError("not_ready", f"The usage ledger cannot be read: {error}.", headers={RETRY_AFTER: "1"}) from None

    async def totals(query: Mapping[str, str], scope: Scope, accepted: tuple[str, ...]) -> web.Response:
        by = _groups(query, accepted)
        lines = await run_query(ledger_queries.totals, scope, by)
        report = {"since": scope.since, "until": scope.until, "by": by, "unwritten": len(ledger.unwritten), "totals": lines}
        return json_response(report)

    @table.get("/api/usage")
    async def usage(request: web.Request) -> web.Response:
        return await totals(request.query, _scope(request.query), GROUPS)

    @table.get("/api/usage/requests")
    async def requests(request: web.Request) -> web.Response:
        after, limit = bodies.integer(request.query, "after", 0), bodies.integer(request.query, "limit", 100, least=1)
        lines = await run_query(ledger_queries.requests, _scope(request.query), after, min(limit, MAX_REQUESTS))
        return json_response({"requests": lines, "unwritten": len(ledger.unwritten)})

    @table.get("/v1/usage")
    async def own_usage(request: web.Request) -> web.Response:
        identity = gateway.auth.identify(request.headers.get("Authorization"))
        own = {"key": identity.subject} if identity.tenant is None else {"tenant": identity.tenant}
        return await totals(request.query, _scope(request.query, **own), OWN_GROUPS)


def _scope(query: Mapping[str, str], **own: str) -> Scope:
    """The time range of a query: by default the last DEFAULT_SECONDS until now. Raises ApiError 400."""
    until = _time(query, "until", time.time())
    return Scope(_time(query, "since", max(0.0, until - DEFAULT_SECONDS)), until, **own)


def _time(query: Mapping[str, str], name: str, default: float) -> float:
    text = query.get(name)
    if text is None:
        return default
    if not _TIME.fullmatch(text) or float(text) >= 2**33:  # 2**33 s in nanoseconds still fits into an SQLite integer (64 bits).
        raise ApiError("invalid_request", f"{name} = {text!r}: expected seconds since 1970.", param=name)
    return float(text)


def _groups(query: Mapping[str, str], accepted: tuple[str, ...]) -> list[str]:
    """The comma-separated groups of `by`, each once. Raises ApiError 400."""
    named = list(dict.fromkeys(filter(None, query.get("by", "").split(","))))
    if unknown := [name for name in named if name not in accepted]:
        raise ApiError("invalid_request", f"by = {','.join(unknown)!r}: expected some of {', '.join(accepted)}.", param="by")
    return named
