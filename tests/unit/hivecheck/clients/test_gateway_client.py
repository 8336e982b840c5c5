"""The gateway client's view of workers."""

from __future__ import annotations

from typing import Any

import pytest

from hivecheck.clients.gateway import GatewayClient, is_routable

READY = {"status": "online", "state": "ready", "epoch": 5}
WHOLE = {"status": "healthy", "hives": {"hive-1": "healthy"}, "registry": {"connected": True}, "ledger": {"error": None}}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (READY, True),
        (READY | {"status": "offline"}, False),
        (READY | {"status": "unconfirmed"}, False),
        (READY | {"state": "draining"}, False),
        (None, False),
    ],
)
def test_routable_view(view: dict[str, Any] | None, expected: bool) -> None:
    """A worker is routable when it is online and ready."""
    assert is_routable(view) is expected


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({}, None),
        ({"status": "offline"}, "declared are worker-1"),
        ({"ejected": True}, "ejected worker-1"),
        ({"waiting_of_others": 4.0}, "queued requests of other clients"),
    ],
)
def test_routing_difference(change: dict[str, Any], difference: str | None) -> None:
    """A worker that the gateway avoids for a while differs from the declared state."""

    class OneWorker(GatewayClient):
        def workers(self) -> dict[str, dict[str, Any]]:
            return {"worker-1": READY | {"ejected": False, "waiting_of_others": 0.0} | change}

        def health(self) -> dict[str, Any]:
            return WHOLE

    actual = OneWorker("http://127.0.0.1:9", "token").not_routing_to(["worker-1"])
    assert actual is None if difference is None else difference in str(actual)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({}, None),
        ({"hives": {"hive-1": "healthy", "hive-9": "unhealthy"}}, "hive-9: unhealthy"),
        ({"registry": {"connected": False}}, "no connection to the registry"),
        ({"ledger": {"error": "disk full"}}, "a ledger error: disk full"),
        ({"status": "degraded"}, None),
    ],
)
def test_degraded_parts(change: dict[str, Any], difference: str | None) -> None:
    """A degraded part differs from the baseline. A wrong status alone does not, because a scenario must detect it."""

    class NoWorker(GatewayClient):
        def workers(self) -> dict[str, dict[str, Any]]:
            return {}

        def health(self) -> dict[str, Any]:
            return WHOLE | change

    actual = NoWorker("http://127.0.0.1:9", "token").not_routing_to([])
    assert actual is None if difference is None else difference in str(actual)


@pytest.mark.parametrize(("epoch", "expected"), [(None, True), (5, True), (4, False)])
def test_routable_epoch(epoch: int | None, expected: bool) -> None:
    """With an epoch, only the worker of that epoch is routable."""

    class OneWorker(GatewayClient):
        def worker(self, identifier: str) -> dict[str, Any] | None:
            return READY if identifier == "worker-1" else None

    client = OneWorker("http://127.0.0.1:9", "token")
    assert client.is_routable("worker-1", epoch) is expected
    assert client.is_routable("worker-2", epoch) is False
