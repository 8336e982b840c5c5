"""One control-plane connection to one node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_gateway import ScriptedGateway

from hivecheck.clients.control import ControlClient, Reply
from hivecheck.errors import ClientError
from hivecheck.platforms.ports import PortReservation


@pytest.fixture
def control(gateway: ScriptedGateway) -> Iterator[ControlClient]:
    gateway.content_type, gateway.pieces = "application/json", [b'{"status": "healthy"}']
    opened = ControlClient(gateway.url, "ct-secret", timeout_seconds=5)
    yield opened
    opened.close()


def test_reply_content(control: ControlClient, gateway: ScriptedGateway) -> None:
    """A reply has status, JSON and headers, whatever the status is."""
    gateway.status = 503
    reply = control.ask("GET", "/health")
    assert (reply.status, reply.body, reply.headers["X-Worker-Id"]) == (503, {"status": "healthy"}, "worker-1")


def test_token_sent(control: ControlClient, gateway: ScriptedGateway) -> None:
    """The token goes with every call, unless it is left out."""
    control.get("/a")
    control.ask("GET", "/b", with_token=False)
    assert [headers.get("X-Cluster-Token") for _, headers, _ in gateway.received] == ["ct-secret", None]


def test_body_is_json(control: ControlClient, gateway: ScriptedGateway) -> None:
    """A body is sent as JSON."""
    control.call("POST", "/workers", body={"id": "worker-1"})
    path, headers, body = gateway.received[0]
    assert (path, headers["Content-Type"], body) == ("/workers", "application/json", b'{"id": "worker-1"}')


def test_call_returns_body(control: ControlClient) -> None:
    """A call returns the body of a 2xx response."""
    assert control.get("/health") == {"status": "healthy"}


@pytest.mark.parametrize("status", [400, 404, 409, 500, 503])
def test_refused_call(control: ControlClient, gateway: ScriptedGateway, status: int) -> None:
    """A refused call is a ClientError with the response."""
    gateway.status = status
    with pytest.raises(ClientError, match=rf"GET {gateway.url}/health: expected 2xx and JSON, got {status} .*healthy"):
        control.get("/health")


def test_call_without_json(control: ControlClient, gateway: ScriptedGateway) -> None:
    """A response without JSON is a ClientError."""
    gateway.pieces = [b"<html>"]
    with pytest.raises(ClientError, match="expected 2xx and JSON, got 200 none"):
        control.get("/health")


def test_find_none_on_404(control: ControlClient, gateway: ScriptedGateway) -> None:
    """A 404 is None, and any other refusal is an error."""
    assert control.find("/workers/worker-1") == {"status": "healthy"}
    gateway.status = 404
    assert control.find("/workers/worker-9") is None
    gateway.status = 401
    with pytest.raises(ClientError, match="got 401"):
        control.find("/workers/worker-1")


def test_no_answer() -> None:
    """A missing response is a ClientError with the innermost cause."""
    held = PortReservation()
    client = ControlClient(held.url, "")
    with pytest.raises(ClientError, match=rf"GET {held.url}/health: no answer \(NewConnectionError: .*refused\)"):
        client.get("/health")
    client.close()
    held.release()


def test_slow_answer(control: ControlClient, gateway: ScriptedGateway) -> None:
    """A response that takes too long is a ClientError."""
    gateway.hangs = True
    with pytest.raises(ClientError, match="no answer"):
        control.ask("GET", "/health", seconds=0.1)


def test_proxy_ignored(control: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is ignored."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert control.get("/health") == {"status": "healthy"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"code": "not_found", "message": "no worker w", "type": "x", "param": None}}, "404 not_found: no worker w"),
        ({"state": "ready", "models": ["a", "b"]}, "404 models: a and b; state: ready"),
        (None, "404 none"),
    ],
)
def test_reply_sentence(body: object, expected: str) -> None:
    """A message shows the code and the message of an error object, or the whole body as text."""
    assert Reply(404, body, {}).sentence() == expected
