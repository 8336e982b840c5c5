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


def test_the_registry_lists_hive_and_workers_by_id(registry: RegistryClient) -> None:
    assert sorted(registry.services()) == ["hive-1", *WORKERS]
    assert sorted(registry.workers()) == WORKERS
    assert registry.services(status="offline") == {}
    assert registry.workers()["worker-1"]["models"] == ["model-a"]


def test_the_registry_tells_its_statistics(registry: RegistryClient) -> None:
    assert registry.stats()


def test_the_registry_refuses_a_heartbeat_and_a_removal_under_an_old_epoch(registry: RegistryClient) -> None:
    assert registry.heartbeat("worker-1", 1).status == 409
    assert registry.deregister("worker-1", 1).status == 409
    assert sorted(registry.workers()) == WORKERS


def test_the_registry_takes_a_heartbeat_under_the_right_epoch(registry: RegistryClient) -> None:
    assert registry.heartbeat("worker-1", registry.workers()["worker-1"]["epoch"]).status == 200


def test_the_hive_tells_health_info_and_models(hive: HiveClient) -> None:
    assert hive.health()["status"] == "healthy"
    assert hive.info()["name"] == "hive-1"
    assert [model["id"] for model in hive.models().body["data"]] == ["model-a"]


def test_the_hive_shows_each_worker_and_none_for_one_it_has_not(hive: HiveClient) -> None:
    assert sorted(hive.workers()) == WORKERS
    assert (hive.worker("worker-1") or {})["state"] == "alive"
    assert hive.worker("worker-9") is None


def test_a_worker_can_be_started_and_removed(hive: HiveClient, registry: RegistryClient) -> None:
    assert hive.start_worker("worker-5", ["model-a"], ["--set", "startup_seconds=0.1"])["id"] == "worker-5"
    eventually(lambda: "worker-5" in registry.workers(), within=10, what="worker-5 registered")
    assert hive.remove_worker("worker-5").status == 200
    assert hive.worker("worker-5") is None
    assert sorted(registry.workers()) == WORKERS


def test_a_worker_that_is_there_already_is_refused_with_the_reason(hive: HiveClient) -> None:
    with pytest.raises(ClientError, match=r"POST .*/workers: expected 2xx and JSON, got 409 .*worker-1"):
        hive.start_worker("worker-1", ["model-a"])


def test_the_orchestrator_tells_health_readiness_statistics_and_status(orchestrator: GatewayClient) -> None:
    assert orchestrator.health()["status"] == "healthy"
    assert orchestrator.is_ready()
    assert orchestrator.stats()["in_flight"] == 0
    assert orchestrator.status()["workers"]["online"] == 2
    assert {service["kind"] for service in orchestrator.services()} == {"registry", "orchestrator", "hive", "worker"}


def test_the_orchestrator_shows_each_worker_and_none_for_one_it_has_not(orchestrator: GatewayClient) -> None:
    assert sorted(orchestrator.workers()) == WORKERS
    assert (orchestrator.worker("worker-1") or {})["status"] == "online"
    assert orchestrator.worker("worker-9") is None


def test_without_the_stack_s_token_every_look_is_a_client_error(small_stack: Stack) -> None:
    looks = [
        RegistryClient(small_stack.registry.url, "ct-wrong").services,
        GatewayClient(small_stack.orchestrator.url, "ct-wrong").stats,
        lambda: GatewayClient(small_stack.orchestrator.url, "ct-wrong").worker("worker-1"),
        lambda: HiveClient(small_stack.hives["hive-1"].url, "ct-wrong").worker("worker-1"),
    ]
    for look in looks:
        with pytest.raises(ClientError, match="got 401"):
            look()


def test_a_chat_is_answered_and_names_its_worker(gateway: OpenAIClient, key: str) -> None:
    seen = asked(gateway, key)
    assert seen.is_answered
    assert seen.header("X-Worker-Id") in WORKERS
    assert seen.body["usage"]["completion_tokens"] == 3


def test_a_stream_is_whole_with_usage_where_it_was_asked_for(gateway: OpenAIClient, key: str) -> None:
    seen = asked(gateway, key, stream=True, stream_options={"include_usage": True})
    assert ("".join(token.text for token in seen.tokens).split(), seen.saw_done) == (["t0", "t1", "t2"], True)
    assert (seen.usage or {})["completion_tokens"] == 3


@pytest.mark.parametrize(("credential", "model", "status"), [("sk-wrong", "model-a", 401), (None, "model-a", 401), ("", "model-a", 401)])
def test_a_refused_chat_is_an_operation_with_its_error(gateway: OpenAIClient, credential: str | None, model: str, status: int) -> None:
    seen = asked(gateway, credential, model=model)
    assert (seen.status, seen.is_answered) == (status, False)
    assert seen.error_object()["code"]


def test_an_unknown_model_is_an_operation_with_its_error(gateway: OpenAIClient, key: str) -> None:
    assert asked(gateway, key, model="model-x").error_object()["code"] == "model_not_found"


def test_models_are_offered_to_a_known_key(gateway: OpenAIClient, key: str) -> None:
    status, body = gateway.get("/v1/models", key)
    assert (status, [model["id"] for model in body["data"]]) == (200, ["model-a"])


def test_what_workers_write_about_a_chat_is_found_by_its_id(small_stack: Stack, gateway: OpenAIClient, key: str) -> None:
    tail = LogTail(small_stack.nodes.values())
    tail.skip_to_end()
    seen = asked(gateway, key)
    history = History()

    def told() -> list[str]:
        for event in [*tail.journal_lines(), *tail.log_lines()]:
            history.record(event)
        return [event.data["event"] for event in history.events("journal") if event.data.get("request_id") == seen.id]

    eventually(told, within=small_stack.timeouts.settling, what="arrival and end", until=lambda lines: {"arrival", "end"} <= set(lines))
    logged = {event.node for event in history.events("log") if event.data.get("request_id") == seen.id}
    assert {"orchestrator", "hive-1"} <= logged
