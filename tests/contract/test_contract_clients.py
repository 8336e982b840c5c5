"""Each client of the harness against the real service it talks to: a small stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hivecheck.clients.gateway import GatewayClient
from hivecheck.clients.hive import HiveClient
from hivecheck.clients.openai_api import OpenAIClient, Request
from hivecheck.clients.registry import RegistryClient
from hivecheck.errors import ClientError
from hivecheck.history import History, Operation
from hivecheck.loop_thread import LoopThread
from hivecheck.stack.log_tail import LogTail
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually

WORKERS = ["worker-1", "worker-2"]
MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def registry(small_stack: Stack) -> RegistryClient:
    return small_stack.registry


@pytest.fixture(scope="module")
def hive(small_stack: Stack) -> HiveClient:
    return small_stack.hives["hive-1"]


@pytest.fixture(scope="module")
def orchestrator(small_stack: Stack) -> GatewayClient:
    return small_stack.orchestrator


@pytest.fixture(scope="module")
def gateway(small_stack: Stack, loop: LoopThread) -> Iterator[OpenAIClient]:
    client = OpenAIClient(small_stack.orchestrator.url, loop, History(), 10)
    yield client
    client.close()


@pytest.fixture(scope="module")
def key(small_stack: Stack) -> str:
    return small_stack.secrets.keys["tester"]


def asked(gateway: OpenAIClient, key: str | None, **body: object) -> Operation:
    whole = {"model": "model-a", "messages": MESSAGES, "max_tokens": 3} | body
    call = gateway.start(Request(model=str(whole["model"]), body=whole, key=key))
    eventually(lambda: call.is_done, within=10, what="an answer")
    return call.operation


def test_registry_lists_services(registry: RegistryClient) -> None:
    """The registry client lists hives and workers by ID."""
    assert sorted(registry.services()) == ["hive-1", *WORKERS]
    assert sorted(registry.workers()) == WORKERS
    assert registry.services(status="offline") == {}
    assert registry.workers()["worker-1"]["models"] == ["model-a"]


def test_registry_statistics(registry: RegistryClient) -> None:
    """The registry client reads the statistics."""
    assert registry.stats()


def test_registry_refuses_old_epoch(registry: RegistryClient) -> None:
    """The registry refuses a heartbeat and a removal with an old epoch."""
    assert registry.heartbeat("worker-1", 1).status == 409
    assert registry.deregister("worker-1", 1).status == 409
    assert sorted(registry.workers()) == WORKERS


def test_registry_accepts_current_epoch(registry: RegistryClient) -> None:
    """The registry accepts a heartbeat with the current epoch."""
    assert registry.heartbeat("worker-1", registry.workers()["worker-1"]["epoch"]).status == 200


def test_hive_health_info_models(hive: HiveClient) -> None:
    """The hive client reads health, info and models."""
    assert hive.health()["status"] == "healthy"
    assert hive.info()["name"] == "hive-1"
    assert [model["id"] for model in hive.models().body["data"]] == ["model-a"]


def test_hive_worker_or_none(hive: HiveClient) -> None:
    """The hive client returns a worker, and None for an unknown one."""
    assert sorted(hive.workers()) == WORKERS
    assert (hive.worker("worker-1") or {})["state"] == "alive"
    assert hive.worker("worker-9") is None


def test_hive_starts_and_removes_worker(hive: HiveClient, registry: RegistryClient) -> None:
    """The hive client starts and removes a worker."""
    assert hive.start_worker("worker-5", ["model-a"], ["--set", "startup_seconds=0.1"])["id"] == "worker-5"
    eventually(lambda: "worker-5" in registry.workers(), within=10, what="worker-5 registered")
    assert hive.remove_worker("worker-5").status == 200
    assert hive.worker("worker-5") is None
    assert sorted(registry.workers()) == WORKERS


def test_hive_refuses_duplicate_worker(hive: HiveClient) -> None:
    """The hive refuses a worker with a taken ID, and names the reason."""
    with pytest.raises(ClientError, match=r"POST .*/workers: expected 2xx and JSON, got 409 .*worker-1"):
        hive.start_worker("worker-1", ["model-a"])


def test_gateway_health_and_status(orchestrator: GatewayClient) -> None:
    """The gateway client reads health, readiness, statistics and status."""
    assert orchestrator.health()["status"] == "healthy"
    assert orchestrator.is_ready()
    assert orchestrator.stats()["in_flight"] == 0
    assert orchestrator.status()["workers"]["online"] == 2
    assert {service["kind"] for service in orchestrator.services()} == {"registry", "orchestrator", "hive", "worker"}


def test_gateway_worker_or_none(orchestrator: GatewayClient) -> None:
    """The gateway client returns a worker, and None for an unknown one."""
    assert sorted(orchestrator.workers()) == WORKERS
    assert (orchestrator.worker("worker-1") or {})["status"] == "online"
    assert orchestrator.worker("worker-9") is None


def test_wrong_token_is_client_error(small_stack: Stack) -> None:
    """A call without the stack's token is a ClientError."""
    looks = [
        RegistryClient(small_stack.registry.url, "ct-wrong").services,
        GatewayClient(small_stack.orchestrator.url, "ct-wrong").stats,
        lambda: GatewayClient(small_stack.orchestrator.url, "ct-wrong").worker("worker-1"),
        lambda: HiveClient(small_stack.hives["hive-1"].url, "ct-wrong").worker("worker-1"),
    ]
    for look in looks:
        with pytest.raises(ClientError, match="got 401"):
            look()


def test_chat_names_worker(gateway: OpenAIClient, key: str) -> None:
    """A chat succeeds and names its worker."""
    operation = asked(gateway, key)
    assert operation.is_answered
    assert operation.header("X-Worker-Id") in WORKERS
    assert operation.body["usage"]["completion_tokens"] == 3


def test_stream_with_usage(gateway: OpenAIClient, key: str) -> None:
    """A stream is whole, and has usage when the client asked for it."""
    operation = asked(gateway, key, stream=True, stream_options={"include_usage": True})
    assert ("".join(token.text for token in operation.tokens).split(), operation.saw_done) == (["t0", "t1", "t2"], True)
    assert (operation.usage or {})["completion_tokens"] == 3


@pytest.mark.parametrize(("credential", "model", "status"), [("sk-wrong", "model-a", 401), (None, "model-a", 401), ("", "model-a", 401)])
def test_refused_chat_has_error(gateway: OpenAIClient, credential: str | None, model: str, status: int) -> None:
    """A refused chat is an operation with its error object."""
    operation = asked(gateway, credential, model=model)
    assert (operation.status, operation.is_answered) == (status, False)
    assert operation.error_object()["code"]


def test_unknown_model_has_error(gateway: OpenAIClient, key: str) -> None:
    """A chat for an unknown model is an operation with its error object."""
    assert asked(gateway, key, model="model-x").error_object()["code"] == "model_not_found"


def test_models_for_known_key(gateway: OpenAIClient, key: str) -> None:
    """A known key lists the models."""
    status, body = gateway.get("/v1/models", key)
    assert (status, [model["id"] for model in body["data"]]) == (200, ["model-a"])


def test_journal_by_request_id(small_stack: Stack, gateway: OpenAIClient, key: str) -> None:
    """The journal lines of a chat are found by its request ID."""
    tail = LogTail(small_stack.nodes.values())
    tail.skip_to_end()
    operation = asked(gateway, key)
    history = History()

    def events() -> list[str]:
        for event in [*tail.journal_lines(), *tail.log_lines()]:
            history.record(event)
        return [event.data["event"] for event in history.events("journal") if event.data.get("request_id") == operation.id]

    eventually(events, within=small_stack.timeouts.settling, what="arrival and end", until=lambda lines: {"arrival", "end"} <= set(lines))
    logged = {event.node for event in history.events("log") if event.data.get("request_id") == operation.id}
    assert {"orchestrator", "hive-1"} <= logged
