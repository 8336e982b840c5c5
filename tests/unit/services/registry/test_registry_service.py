"""The registry as a process: HTTP, long poll, restart."""

from __future__ import annotations

import http.client
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from registry_process import HEADERS, RunningRegistry, Start, registration


def test_lifecycle_of_a_service(start_registry: Start) -> None:
    """A service registers, renews its lease, is listed and deregisters."""
    registry = start_registry()
    status, lease = registry.call("POST", "/services", registration())
    assert (status, lease["id"], lease["ttl_seconds"]) == (201, "w1", 6.0)
    assert registry.call("POST", "/services", registration())[0] == 200
    assert registry.call("PUT", "/services/w1/heartbeat", {"epoch": 10, "metrics": {"running": 2}})[0] == 200
    assert registry.call("GET", "/services/w1")[1]["metrics"] == {"running": 2.0}
    assert registry.call("DELETE", "/services/w1?epoch=10") == (200, {"removed": True})
    assert registry.call("DELETE", "/services/w1?epoch=10") == (200, {"removed": False})
    assert registry.call("GET", "/services/w1")[0] == 404
    stats = registry.call("GET", "/stats")[1]
    counted = {name: stats[name] for name in ("registered", "registrations_total", "heartbeats_total", "deregistrations_total")}
    assert counted == {"registered": 0, "registrations_total": 2, "heartbeats_total": 1, "deregistrations_total": 1}
    assert registry.stop() == 0


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"id": "two words"}, "id"),
        ({"url": "ftp://a"}, "url"),
        ({"epoch": 0}, "epoch"),
        ({"kind": "gateway"}, "kind"),
        ({"models": [""]}, "models"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_invalid_registration(shared: RunningRegistry, change: Any, param: str) -> None:
    """An invalid registration gives 400 with its field."""
    status, body = shared.call("POST", "/services", registration("wrong", **change))
    assert (status, body["error"]["code"], body["error"]["param"]) == (400, "invalid_request", param)
    assert "expected" in body["error"]["message"] or "unknown field" in body["error"]["message"]


@pytest.mark.parametrize("query", ["?status=dead", "?kind=gateway", "?since=x", "?since=1&wait=-1"])
def test_invalid_parameter(shared: RunningRegistry, query: str) -> None:
    """An invalid query parameter gives 400."""
    assert shared.call("GET", f"/services{query}")[0] == 400


def test_token_required(shared: RunningRegistry) -> None:
    """Every call needs the cluster token."""
    assert shared.call("GET", "/services", token="wrong")[0] == 401


def test_concurrent_registrations(shared: RunningRegistry) -> None:
    """A hundred concurrent registrations all succeed."""
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(shared.call, "POST", "/services", registration(f"many{number}")) for number in range(100)]
    assert {call.result()[0] for call in calls} == {201}
    assert len([name for name in shared.ids() if name.startswith("many")]) == 100


def test_long_poll_gets_change(shared: RunningRegistry) -> None:
    """A long poll returns as soon as the table changes."""
    now = shared.call("GET", "/services")[1]
    with ThreadPoolExecutor(1) as pool:
        path = f"/services?since={now['revision']}&instance={now['instance']}&wait=10"
        waiting = pool.submit(requests.get, shared.url + path, headers=HEADERS, timeout=11)
        shared.call("POST", "/services", registration("news"))
        answer = waiting.result(5).json()
    assert answer["revision"] > now["revision"]
    assert "news" in [service["id"] for service in answer["services"]]


def test_long_poll_of_other_instance(shared: RunningRegistry) -> None:
    """A long poll with another instance id returns at once."""
    now = shared.call("GET", "/services")[1]
    assert shared.call("GET", f"/services?since={now['revision']}&instance=lost&wait=9")[1]["instance"] == now["instance"]


def test_stop_ends_long_polls(start_registry: Start) -> None:
    """Waiting readers do not delay the stop."""
    registry = start_registry()
    revision = registry.call("GET", "/services")[1]["revision"]
    waiting = http.client.HTTPConnection(registry.url.removeprefix("http://"), timeout=10)
    waiting.request("GET", f"/services?since={revision}&wait=25", headers=HEADERS)
    registry.call("GET", "/stats")  # answered after the waiting one was taken up
    assert registry.stop() == 0
    assert waiting.getresponse().status == 200
    waiting.close()


def test_silent_service_goes_offline(start_registry: Start) -> None:
    """A silent service is offline after the TTL and removed later."""
    registry = start_registry(ttl_seconds=0.3, sweep_seconds=0.05, removal_seconds=0.2)
    lease = registry.call("POST", "/services", registration())[1]
    snapshot = registry.call("GET", f"/services?status=all&since={lease['revision']}&wait=5")[1]
    assert [service["status"] for service in snapshot["services"]] == ["offline"]
    assert 0.3 < snapshot["services"][0]["heartbeat_age_seconds"] < 2.0  # and not by some other limit, which are all longer
    assert registry.ids() == []
    gone = registry.call("GET", f"/services?status=all&since={snapshot['revision']}&wait=5")[1]
    assert gone["services"] == []


def test_restart_keeps_entries(start_registry: Start) -> None:
    """A restart keeps instance and entries, and renews all leases."""
    first = start_registry()
    first.call("POST", "/services", registration("kept"))
    before = first.call("GET", "/services")[1]
    first.stop()
    after = start_registry().call("GET", "/services")[1]
    assert after["instance"] == before["instance"]
    assert after["revision"] > before["revision"]
    assert [service["id"] for service in after["services"]] == ["kept"]


def test_lost_database(start_registry: Start, tmp_path: Path) -> None:
    """A lost database gives a new instance, and heartbeats get 404."""
    first = start_registry()
    first.call("POST", "/services", registration())
    before = first.call("GET", "/services")[1]
    first.kill()
    for path in tmp_path.glob("registry.db*"):
        path.write_bytes(b"lost")
    second = start_registry()
    assert second.call("GET", "/services")[1]["instance"] != before["instance"]
    assert second.call("PUT", "/services/w1/heartbeat", {"epoch": 10})[0] == 404
    assert "database_damaged" in [line["event"] for line in second.lines]


def test_pause_expires_no_lease(start_registry: Start) -> None:
    """A pause of the registry expires no lease."""
    registry = start_registry(ttl_seconds=0.6, sweep_seconds=0.05)
    registry.call("POST", "/services", registration())
    os.kill(registry.process.pid, signal.SIGSTOP)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{registry.url}/services", headers=HEADERS, timeout=1.0)
    os.kill(registry.process.pid, signal.SIGCONT)
    assert registry.ids() == ["w1"]


def test_metrics(shared: RunningRegistry) -> None:
    """The metrics count services by kind and status."""
    shared.call("POST", "/services", registration("a-hive", kind="hive", models=[]))
    assert 'registry_services{kind="hive",status="online"} 1.0' in shared.call("GET", "/metrics")[1]
