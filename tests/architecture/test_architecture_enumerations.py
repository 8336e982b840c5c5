"""Tables of the harness that repeat routes of the services: each lacks none, and a scenario tries each row."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from behave.model import Step
from behave.parser import parse_file
from source_tree import ROOT, project_files

from hivecheck.world.observations.routes import OPEN_PAGES, Route
from hivecheck.world.requests.chats import BODIES, MODEL_LISTS
from services.orchestrator import gateway
from services.orchestrator.api.openai_routes import is_client_path
from services.orchestrator.api.routes import routes
from services.orchestrator.settings import Settings
from services.service import OPEN_PATHS
from services.worker.endpoints import ENDPOINTS

OWN_USAGE = "/v1/usage"  # the only client page beside the lists of models


def test_open_pages() -> None:
    """The harness takes no page for open but those that the services open."""
    assert OPEN_PAGES == OPEN_PATHS


def test_client_routes(tmp_path: Path) -> None:
    """The harness and the gateway agree which routes are for clients."""
    paths = {path for _, path in gateway_routes(tmp_path)}
    assert {path for path in paths if Route("orchestrator", "GET", path, is_gateway=True).is_for_clients} == set(
        filter(is_client_path, paths)
    )


def test_model_lists(tmp_path: Path) -> None:
    """Each page of the client API without a parameter is a list of models that the harness reads, or the client's usage."""
    pages = {path for method, path in gateway_routes(tmp_path) if method == "GET" and is_client_path(path) and "{" not in path}
    assert pages == {*MODEL_LISTS, OWN_USAGE}


def test_bodies() -> None:
    """The harness has a body for each endpoint of a worker."""
    assert set(BODIES) == set(ENDPOINTS)


def test_fidelity_tries_each_endpoint() -> None:
    """Each endpoint is a row of the scenario about bodies that pass through byte for byte."""
    steps = {step.name for name in project_files() if name.endswith("/fidelity.feature") for step in steps_of(ROOT / name)}
    tried = {path for path in ENDPOINTS if any(f" sends {path} for " in step and "odd JSON" in step for step in steps)}
    assert tried == set(ENDPOINTS)


def gateway_routes(folder: Path) -> list[tuple[str, str]]:
    """Method and path of each route, from the gateway's own table."""
    settings = Settings(name="gateway", port=9000, token="secret", registry_url="http://127.0.0.1:1", data_dir=str(folder))
    found = routes(gateway.build(settings))
    return [(route.method, route.path) for route in found if isinstance(route, web.RouteDef)]


def steps_of(feature: Path) -> list[Step]:
    return [step for scenario in parse_file(str(feature)).walk_scenarios() for step in scenario.all_steps]
