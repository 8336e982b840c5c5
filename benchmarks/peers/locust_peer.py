"""Locust with its fast HTTP client. Its open loop is users that each keep their own pace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.peer import Peer, Reported, Run

USER_RATE = 0.5  # a user of an open loop sends one request in two seconds
STOP_SECONDS = 30


class LocustPeer(Peer):
    """A user class of `locust_user.py`."""

    name = "locust"
    packages = ("locust==2.47.0",)
    limits = ("ttft, stop, cut: no open loop; each user keeps a pace of one request in 2 s",)

    def command(self, run: Run, binaries: Path) -> list[str]:
        case = run.case
        users = case.users or round(case.rate / USER_RATE)
        spawn_rate = case.users or round(case.rate)
        file = str(Path(__file__).with_name("locust_user.py"))
        load = ["--users", str(users), "--spawn-rate", str(spawn_rate), "--run-time", f"{case.seconds:g}s"]
        rest = ["--stop-timeout", str(STOP_SECONDS), "--json-file", str(run.folder / "stats"), "--only-summary"]
        return [str(binaries / "locust"), "--headless", "--locustfile", file, "--host", run.base, *load, *rest]

    def environment(self, run: Run) -> Mapping[str, str]:
        case = run.case
        rate = 0.0 if case.users else USER_RATE
        return {"PEER_TOKENS": str(case.tokens), "PEER_STREAM": str(int(case.is_stream)), "PEER_RATE": str(rate)}

    def reported(self, run: Run, output: str) -> Reported:
        entries: dict[str, Any] = {entry["name"]: entry for entry in json.loads((run.folder / "stats.json").read_text())}
        if not run.case.is_stream:
            chats = entries["chat"]
            return Reported(chats["num_requests"] - chats["num_failures"], chats["num_failures"], e2e_p95=_rank(chats, 95))
        failed = entries["headers"]["num_failures"]
        if "e2e" not in entries:
            return Reported(0, failed)
        ttft, e2e = entries["ttft"], entries["e2e"]
        return Reported(e2e["num_requests"], failed, _rank(ttft, 50), _rank(ttft, 99), _rank(e2e, 95))


def _rank(entry: Mapping[str, Any], percent: float) -> float:
    """A percentile of its histogram in seconds. Locust rounds to milliseconds, and to tens of them from 100 on."""
    below = 0
    for milliseconds, count in sorted((float(time), count) for time, count in entry["response_times"].items()):
        below += count
        if below >= entry["num_requests"] * percent / 100:
            return milliseconds / 1000
    raise ValueError("no response times")
