"""`/info` lists the routes of a service from its router, so no list by hand can lack one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services import service
from services.config import CommonSettings

TOKEN = "secret"


class Hooks:
    """A service that is always ready."""

    def health(self) -> Mapping[str, Any]:
        return {"status": "healthy"}

    def not_ready_reason(self) -> str | None:
        return None

    def info(self) -> Mapping[str, Any]:
        return {}

    async def start(self) -> None: ...

    async def drain(self) -> None: ...


async def answered(method: str, path: str) -> tuple[int, Any]:
    table = web.RouteTableDef()

    @table.get("/things/{name:.+}")
    @table.route("*", "/any/{path:.*}")
    async def thing(_: web.Request) -> web.Response:
        return web.json_response({})

    context = service.ServiceContext("toy", CommonSettings(name="toy", port=9, token=TOKEN))
    app = service.application(context, Hooks(), table, lambda path: False)
    async with TestClient(TestServer(app)) as client:
        response = await client.request(method, path)
        return response.status, await response.json()


def test_info_lists_routes() -> None:
    """`/info` has each route once, without the patterns of its placeholders."""
    _, info = asyncio.run(answered("GET", "/info"))
    assert info["routes"] == ["* /any/{path}", "GET /health", "GET /info", "GET /metrics", "GET /ready", "GET /things/{name}"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/things/a"), ("POST", "/any/a"), ("DELETE", "/any/a"), ("GET", "/no/route")])
def test_new_route_needs_token(method: str, path: str) -> None:
    """A route needs the cluster token unless its service says otherwise."""
    status, body = asyncio.run(answered(method, path))
    assert (status, body["error"]["code"]) == (401, "invalid_cluster_token")
