"""The routes of every service, as its own router lists them in `/info`, and calls of them without the cluster token.

No route is named here, so a new one is called as soon as a service has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from hivecheck.clients.control import TOKEN_HEADER, ControlClient, Reply
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.platforms.node_program import python_command
from hivecheck.stack.stack import Stack
from hivecheck.wording import listed

# Open to each client in the network of the stack: probes and scrapers have no token.
OPEN_PAGES = frozenset({"/health", "/ready", "/info", "/metrics"})
GATEWAY = "orchestrator"
WRONG_TOKEN = "ct-wrong"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
ANY_METHOD = {"*": ("GET", "POST")}
CALLS = Path(__file__).parent / "programs" / "calls.py"


@dataclass(frozen=True)
class Route:
    """A method and a path of one service. `service` is a node or a worker. Placeholders of the path are in braces."""

    service: str
    method: str
    path: str
    is_gateway: bool = False

    @property
    def is_open(self) -> bool:
        return self.path in OPEN_PAGES

    @property
    def is_for_clients(self) -> bool:
        """The gateway's client API takes keys and tokens of clients, and no cluster token."""
        return self.is_gateway and (self.path.startswith("/v1/") or self.path == "/models")

    def filled(self, values: Mapping[str, str]) -> str:
        """The path with a value for each placeholder."""
        return PLACEHOLDER.sub(lambda found: values.get(found[1], "x"), self.path)

    def sentence(self) -> str:
        return f"{self.method} {self.path} of {self.service}"


@dataclass
class Routes:
    """`refusals` are the responses to calls without valid credentials, each with its route."""

    stack: Stack
    refusals: list[tuple[Route, Reply]] = field(default_factory=list)

    def of_nodes(self) -> list[Route]:
        """Every route of every node. Raises InconclusiveError for a node that does not list its pages."""
        found: list[Route] = []
        for name, node in self.stack.nodes.items():
            with ControlClient(node.url, self.stack.secrets.token) as client:
                found += listed_routes(name, client.get("/info"), is_gateway=node.service == GATEWAY)
        return found

    def call_all_without_token(self) -> None:
        """Call each route that is not open, without the cluster token and with each of several wrong ones."""
        for route in self.of_nodes():
            for reply in () if route.is_open else self._call(route):
                self.refusals.append((route, reply))
                # An accepted call can stop its service, which then answers no other call. `must_be_refused` fails by this one.
                if reply.status != HTTPStatus.UNAUTHORIZED:
                    return
        for hive in self.stack.hives:
            self.refusals += self._call_workers(hive)

    def must_be_refused(self) -> None:
        """Every call received 401, with the code of the credential that its route demands."""
        if not self.refusals:
            raise InconclusiveError("expected: calls without valid credentials\nactual: none\nnext: make them in a When")
        for route, reply in self.refusals:
            expected = 401, "invalid_api_key" if route.is_for_clients else "invalid_cluster_token"
            actual = reply.status, ((reply.body or {}).get("error") or {}).get("code")
            assert actual == expected, f"expected: {listed(expected)} for {route.sentence()}\nactual: {reply.sentence()}"

    def _call(self, route: Route) -> Iterator[Reply]:
        values = {"id": next(iter(self.stack.topology.workers())), "model": "model-a", "path": "chat/completions"}
        body: dict[str, Any] | None = None if route.method == "GET" else {}
        valid = self.stack.secrets.token
        # Near misses too: a comparison of a prefix, or one that ignores case, accepts them.
        for token in ("", WRONG_TOKEN, valid.upper(), valid[:-1], valid + "0"):
            with ControlClient(self.stack.nodes[route.service].url, token) as client:
                yield client.ask(route.method, route.filled(values), body=body, with_token=bool(token))

    def _call_workers(self, hive: str) -> list[tuple[Route, Reply]]:
        """The same for a managed worker of the hive. It listens on its hive's loopback, so the calls start there."""
        for worker, view in self.stack.hives[hive].workers().items():
            if view["managed"]:
                url = f"http://127.0.0.1:{view['port']}"
                [[_, info]] = self._from(hive, [("GET", f"{url}/info", {})])
                routes = [route for route in listed_routes(worker, json.loads(info), is_gateway=False) if not route.is_open]
                tried = [(route, headers) for route in routes for headers in ({}, {TOKEN_HEADER: WRONG_TOKEN})]
                answers = self._from(hive, [(route.method, url + route.filled({}), headers) for route, headers in tried])
                return [(route, Reply(status, _parsed(text), {})) for (route, _), (status, text) in zip(tried, answers, strict=True)]
        return []

    def _from(self, hive: str, calls: list[tuple[str, str, dict[str, str]]]) -> list[tuple[int, str]]:
        """Calls from where the processes of the hive run. Raises ClientError when no HTTP response came."""
        result = self.stack.nodes[hive].run(python_command(CALLS, json.dumps(calls)))
        if result.exit_code:
            raise ClientError(f"calls from {hive}: no answer ({listed(result.output.strip().splitlines()[-1:])})")
        return [(int(status), str(text)) for status, text in json.loads(result.output)]


def listed_routes(service: str, info: Mapping[str, Any], *, is_gateway: bool) -> list[Route]:
    """The routes of a service by its `/info`. Raises InconclusiveError for one that does not list its own pages."""
    pairs = [line.partition(" ") for line in info.get("routes", ())]
    if missing := OPEN_PAGES - {path for _, _, path in pairs}:
        raise InconclusiveError(f"expected: {service} lists its routes in /info\nactual: none for {listed(sorted(missing))}")
    return [
        Route(service, method, path, is_gateway)
        for listed_method, _, path in pairs
        for method in ANY_METHOD.get(listed_method, (listed_method,))
    ]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
