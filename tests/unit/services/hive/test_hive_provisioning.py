"""A hive that provisions models: a real hub, a real hive, the tiny backend as worker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hive_stage
import pytest
from hive_stage import Running, StartHive, eventually

SIZE = 300_000
MODELS = "".join(f'[[models]]\nname = "{name}"\nsize_bytes = {SIZE}\n' for name in ("model-x", "model-y", "org/Model Z"))
QUICK = {"provisioning__backoff_seconds": 0.02, "provisioning__failed_seconds": 0.2, "provisioning__listing_seconds": 0.0}


@dataclass(frozen=True)
class Hub:
    """The hub of this module. `since` is the length of its journal at the start of the test."""

    running: Running
    since: int

    @property
    def url(self) -> str:
        return self.running.url

    def inject(self, **faults: Any) -> None:
        assert self.running.call("POST", "/admin/orders", faults).status_code == 200

    def downloads(self) -> list[dict[str, Any]]:
        lines = self.running.get(f"/admin/journal?since={self.since}")["events"]
        return [line for line in lines if line["event"] == "download_ended"]


@pytest.fixture(scope="module")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = hive_stage.start("model_hub", tmp_path_factory.mktemp("hub") / "hub", MODELS)
    yield running
    running.close()


@pytest.fixture
def hub(running_hub: Hub) -> Hub:
    running_hub.call("POST", "/admin/reset")
    return Hub(running_hub, running_hub.get("/admin/journal")["next"])


def model(hive: Running, name: str = "model-x") -> dict[str, Any]:
    return dict(hive.get(f"/catalogue/{name}"))


def until_ready(hive: Running, name: str = "model-x") -> dict[str, Any]:
    eventually(lambda: model(hive, name)["state"] == "ready", 20)
    return model(hive, name)


def bring(hive: Running, name: str = "model-x", *, serve: bool = False) -> Any:
    return hive.call("POST", f"/catalogue/{name}", {"serve": serve})


def files(hive: Running) -> list[Path]:
    return sorted((hive.data_dir / "models").glob("*"))


def test_model_downloaded_and_served(start_hive: StartHive, hub: Hub) -> None:
    """A requested model is downloaded once, and a worker serves it."""
    hive = start_hive(provisioning__hub_url=hub.url, **QUICK)
    assert bring(hive, serve=True).status_code == 202
    view = until_ready(hive)
    [file] = files(hive)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == view["sha256"]
    eventually(lambda: model(hive)["worker_state"] == "alive", 20)
    assert "model-x" in [one["id"] for one in hive.get("/v1/models")["data"]]
    assert bring(hive, serve=True).status_code == 200
    assert len(hub.downloads()) == 1


def test_model_name_with_special_characters(start_hive: StartHive, hub: Hub) -> None:
    """A model name with special characters gets a safe file name and worker id."""
    hive = start_hive(provisioning__hub_url=hub.url, **QUICK)
    bring(hive, "org/Model%20Z", serve=True)
    until_ready(hive, "org/Model%20Z")
    assert [file.parent for file in files(hive)] == [hive.data_dir / "models"]
    eventually(lambda: model(hive, "org/Model%20Z")["worker_state"] == "alive", 20)


def test_cut_download_resumes(start_hive: StartHive, hub: Hub) -> None:
    """A download that was cut resumes at its last byte."""
    hub.inject(cuts=2, cut_after_bytes=100_000)
    hive = start_hive(provisioning__hub_url=hub.url, **QUICK)
    bring(hive)
    until_ready(hive)
    ended = hub.downloads()
    assert [line["outcome"] for line in ended] == ["cut", "cut", "finished"]
    assert 0 == ended[0]["start"] < ended[1]["start"] < ended[2]["start"]


def test_restarted_hive_resumes_download(start_hive: StartHive, hub: Hub) -> None:
    """A restarted hive resumes an unfinished download."""
    hub.inject(bytes_per_second=100_000)
    hive = start_hive(name="resumer", provisioning__hub_url=hub.url, **QUICK)
    bring(hive)
    eventually(lambda: model(hive)["bytes_done"] > 0, 20)
    hive.close()
    hub.inject(bytes_per_second=0)
    again = start_hive(name="resumer", provisioning__hub_url=hub.url, **QUICK)
    until_ready(again)
    assert [line["start"] > 0 for line in hub.downloads()] == [False, True]


def test_wrong_checksum_fails_model(start_hive: StartHive, hub: Hub) -> None:
    """Files with a wrong checksum are deleted, and the model fails after all attempts."""
    hub.inject(corrupt=2)
    hive = start_hive(provisioning__hub_url=hub.url, provisioning__attempts=2, **QUICK)
    bring(hive, serve=True)
    eventually(lambda: model(hive)["state"] == "failed", 20)
    assert (model(hive)["code"], files(hive), model(hive)["worker"]) == ("model_unavailable", [], None)
    eventually(lambda: bring(hive).status_code == 202, 20)  # A retry is allowed after failed_seconds.
    until_ready(hive)


def test_hub_unavailable(start_hive: StartHive, hub: Hub) -> None:
    """An unavailable hub gives 503 with Retry-After."""
    hub.inject(is_down=True)
    hive = start_hive(provisioning__hub_url=hub.url, provisioning__attempts=1, **QUICK)
    refusal = bring(hive)
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (503, "model_hub_unavailable")
    assert "Retry-After" in refusal.headers
    hub.inject(is_down=False)
    assert bring(hive).status_code == 202


def test_full_disk(start_hive: StartHive, hub: Hub) -> None:
    """A full disk gives 507 and leaves no partial file."""
    hive = start_hive(provisioning__hub_url=hub.url, **(QUICK | {"provisioning__failed_seconds": 30}), provisioning__reserve_bytes=1 << 60)
    bring(hive)
    eventually(lambda: model(hive)["state"] == "failed", 20)
    refusal = bring(hive)
    assert (refusal.status_code, refusal.json()["error"]["code"], files(hive)) == (507, "insufficient_storage", [])


def test_unknown_model(start_hive: StartHive, hub: Hub) -> None:
    """A model that the hub does not offer gives 404, and so does a hive without a hub."""
    hive = start_hive(provisioning__hub_url=hub.url, **QUICK)
    assert bring(hive, "model-nowhere").json()["error"]["code"] == "model_not_found"
    assert bring(start_hive()).status_code == 404


def test_lost_file_downloaded_again(start_hive: StartHive, hub: Hub) -> None:
    """A deleted model file is downloaded again."""
    hive = start_hive(provisioning__hub_url=hub.url, **QUICK)
    bring(hive)
    until_ready(hive)
    files(hive)[0].unlink()
    assert bring(hive).status_code == 202
    until_ready(hive)
    assert len(hub.downloads()) == 2
