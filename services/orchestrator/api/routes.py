"""Collects every route of the orchestrator in one table."""

from __future__ import annotations

from aiohttp import web

from services.orchestrator.api import cluster_routes, openai_routes, usage_routes
from services.orchestrator.gateway import Gateway


def routes(gateway: Gateway) -> web.RouteTableDef:
    """The routes of clients and of operators."""
    table = web.RouteTableDef()
    usage_routes.add(table, gateway)
    openai_routes.add(table, gateway)
    cluster_routes.add(table, gateway)
    return table
