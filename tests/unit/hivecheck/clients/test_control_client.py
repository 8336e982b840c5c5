"""One control-plane connection to one node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_gateway import ScriptedGateway

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError
from hivecheck.platforms.ports import PortReservation


@pytest.fixture
def control(gateway: ScriptedGateway) -> Iterator[ControlClient]:
    gateway.content_type, gateway.pieces = "application/json", [b'{"status": "healthy"}']
    opened = ControlClient(gateway.url, "ct-secret", timeout_seconds=5)
    yield opened
    opened.close()


def test_an_answer_is_status_json_and_headers_whatever_the_status(control: ControlClient, gateway: ScriptedGateway) -> None:
    gateway.status = 503
    reply = control.ask("GET", "/health")
    assert (reply.status, reply.body, reply.headers["X-Worker-Id"]) == (503, {"status": "healthy"}, "worker-1")


def test_the_token_goes_with_every_call_unless_it_is_left_out(control: ControlClient, gateway: ScriptedGateway) -> None:
    control.get("/a")
    control.ask("GET", "/b", with_token=False)
    assert [headers.get("X-Cluster-Token") for _, headers, _ in gateway.seen] == ["ct-secret", None]


def test_a_body_is_sent_as_json(control: ControlClient, gateway: ScriptedGateway) -> None:
    control.call("POST", "/workers", body={"id": "worker-1"})
    path, headers, body = gateway.seen[0]
    assert (path, headers["Content-Type"], body) == ("/workers", "application/json", b'{"id": "worker-1"}')


def test_a_call_returns_the_body_of_a_2xx_answer(control: ControlClient) -> None:
    assert control.get("/health") == {"status": "healthy"}


@pytest.mark.parametrize("status", [400, 404, 409, 500, 503])
def test_a_call_that_is_refused_is_a_client_error_with_what_came(control: ControlClient, gateway: ScriptedGateway, status: int) -> None:
    gateway.status = status
    with pytest.raises(ClientError, match=rf"GET {gateway.url}/health: expected 2xx and JSON, got {status} .*healthy"):
        control.get("/health")


def test_a_call_that_gets_no_json_is_a_client_error(control: ControlClient, gateway: ScriptedGateway) -> None:
    gateway.pieces = [b"<html>"]
    with pytest.raises(ClientError, match="expected 2xx and JSON, got 200 None"):
        control.get("/health")


def test_what_is_not_there_is_none_and_a_refusal_is_not(control: ControlClient, gateway: ScriptedGateway) -> None:
    assert control.find("/workers/worker-1") == {"status": "healthy"}
    gateway.status = 404
    assert control.find("/workers/worker-9") is None
    gateway.status = 401
    with pytest.raises(ClientError, match="got 401"):
        control.find("/workers/worker-1")


def test_no_answer_is_a_client_error_with_the_innermost_cause() -> None:
    held = PortReservation()
    client = ControlClient(held.url, "")
    with pytest.raises(ClientError, match=rf"GET {held.url}/health: no answer \(ConnectionError: .*refused\)"):
        client.get("/health")
    client.close()
    held.release()


def test_an_answer_that_takes_too_long_is_a_client_error(control: ControlClient, gateway: ScriptedGateway) -> None:
    gateway.hangs = True
    with pytest.raises(ClientError, match="no answer"):
        control.ask("GET", "/health", seconds=0.1)


def test_a_proxy_of_the_environment_is_ignored(control: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert control.get("/health") == {"status": "healthy"}
