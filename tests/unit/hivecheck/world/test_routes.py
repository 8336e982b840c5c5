"""Routes as a service lists them: methods, placeholders, and which credentials a route demands."""

from __future__ import annotations

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.world.observations.routes import OPEN_PAGES, Route, listed_routes

PAGES = [f"GET {page}" for page in sorted(OPEN_PAGES)]


def test_any_method_is_several() -> None:
    """A route for any method is tried with more than one."""
    routes = listed_routes("hive-1", {"routes": [*PAGES, "* /v1/{path}"]}, is_gateway=False)
    assert [(route.method, route.path) for route in routes if not route.is_open] == [("GET", "/v1/{path}"), ("POST", "/v1/{path}")]


@pytest.mark.parametrize("info", [{}, {"routes": ["GET /health", "GET /stats"]}])
def test_missing_pages_are_inconclusive(info: dict[str, list[str]]) -> None:
    """A service that does not list its own pages may hide other routes, too."""
    with pytest.raises(InconclusiveError, match="/ready"):
        listed_routes("hive-1", info, is_gateway=False)


def test_placeholders_are_filled() -> None:
    """Each placeholder gets its value, or some text."""
    route = Route("hive-1", "GET", "/workers/{id}/v1/{path}")
    assert route.filled({"id": "worker-1"}) == "/workers/worker-1/v1/x"


@pytest.mark.parametrize(
    ("path", "is_gateway", "is_for_clients"),
    [("/v1/models", True, True), ("/models", True, True), ("/stats", True, False), ("/v1/models", False, False), ("/models", False, False)],
)
def test_client_routes(path: str, is_gateway: bool, is_for_clients: bool) -> None:
    """Only the gateway has routes for clients."""
    assert Route("node", "GET", path, is_gateway).is_for_clients is is_for_clients
