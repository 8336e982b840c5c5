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


def test_a_service_registers_renews_is_listed_and_leaves(start_registry: Start) -> None:
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
def test_a_wrong_registration_is_refused_with_its_field(shared: RunningRegistry, change: Any, param: str) -> None:
    status, body = shared.call("POST", "/services", registration("wrong", **change))
    assert (status, body["error"]["code"], body["error"]["param"]) == (400, "invalid_request", param)
    assert "expected" in body["error"]["message"] or "unknown field" in body["error"]["message"]


@pytest.mark.parametrize("query", ["?status=dead", "?kind=gateway", "?since=x", "?since=1&wait=-1"])
def test_a_wrong_parameter_is_refused(shared: RunningRegistry, query: str) -> None:
    assert shared.call("GET", f"/services{query}")[0] == 400


def test_every_call_needs_the_token(shared: RunningRegistry) -> None:
    assert shared.call("GET", "/services", token="wrong")[0] == 401


def test_a_hundred_registrations_at_once_all_get_in(shared: RunningRegistry) -> None:
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(shared.call, "POST", "/services", registration(f"many{number}")) for number in range(100)]
    assert {call.result()[0] for call in calls} == {201}
    assert len([name for name in shared.ids() if name.startswith("many")]) == 100


def test_a_waiting_reader_gets_the_change_when_it_happens(shared: RunningRegistry) -> None:
    now = shared.call("GET", "/services")[1]
    with ThreadPoolExecutor(1) as pool:
        path = f"/services?since={now['revision']}&instance={now['instance']}&wait=10"
        waiting = pool.submit(requests.get, shared.url + path, headers=HEADERS, timeout=11)
        shared.call("POST", "/services", registration("news"))
        answer = waiting.result(5).json()
    assert answer["revision"] > now["revision"]
    assert "news" in [service["id"] for service in answer["services"]]


def test_a_reader_of_another_instance_is_answered_at_once(shared: RunningRegistry) -> None:
    now = shared.call("GET", "/services")[1]
    assert shared.call("GET", f"/services?since={now['revision']}&instance=lost&wait=9")[1]["instance"] == now["instance"]


def test_waiting_readers_do_not_hold_up_the_stop(start_registry: Start) -> None:
    registry = start_registry()
    revision = registry.call("GET", "/services")[1]["revision"]
    waiting = http.client.HTTPConnection(registry.url.removeprefix("http://"), timeout=10)
    waiting.request("GET", f"/services?since={revision}&wait=25", headers=HEADERS)
    registry.call("GET", "/stats")  # answered after the waiting one was taken up
    assert registry.stop() == 0
    assert waiting.getresponse().status == 200
    waiting.close()


def test_a_silent_service_is_offline_within_the_ttl_and_a_sweep(start_registry: Start) -> None:
    registry = start_registry(ttl_seconds=0.3, sweep_seconds=0.05, removal_seconds=0.2)
    lease = registry.call("POST", "/services", registration())[1]
    snapshot = registry.call("GET", f"/services?status=all&since={lease['revision']}&wait=5")[1]
    assert [service["status"] for service in snapshot["services"]] == ["offline"]
    assert 0.3 < snapshot["services"][0]["heartbeat_age_seconds"] < 2.0  # and not by some other limit, which are all longer
    assert registry.ids() == []
    gone = registry.call("GET", f"/services?status=all&since={snapshot['revision']}&wait=5")[1]
    assert gone["services"] == []


def test_a_restart_keeps_instance_and_entries_and_gives_a_lease_of_grace(start_registry: Start) -> None:
    first = start_registry()
    first.call("POST", "/services", registration("kept"))
    before = first.call("GET", "/services")[1]
    first.stop()
    after = start_registry().call("GET", "/services")[1]
    assert after["instance"] == before["instance"]
    assert after["revision"] > before["revision"]
    assert [service["id"] for service in after["services"]] == ["kept"]


def test_a_lost_database_gives_a_new_instance_and_404_to_heartbeats(start_registry: Start, tmp_path: Path) -> None:
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


def test_a_paused_registry_does_not_expire_its_clients_when_it_goes_on(start_registry: Start) -> None:
    registry = start_registry(ttl_seconds=0.6, sweep_seconds=0.05)
    registry.call("POST", "/services", registration())
    os.kill(registry.process.pid, signal.SIGSTOP)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{registry.url}/services", headers=HEADERS, timeout=1.0)
    os.kill(registry.process.pid, signal.SIGCONT)
    assert registry.ids() == ["w1"]


def test_metrics_count_services_by_kind_and_status(shared: RunningRegistry) -> None:
    shared.call("POST", "/services", registration("a-hive", kind="hive", models=[]))
    assert 'registry_services{kind="hive",status="online"} 1.0' in shared.call("GET", "/metrics")[1]
