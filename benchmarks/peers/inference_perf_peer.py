"""inference-perf of Kubernetes' wg-serving. It loads a tokenizer, and its closed loop needs a number of requests."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.peer import MODEL, Peer, Reported, Run

CLOSED_REQUESTS = 2000
# Its default of 100 at once would bound the open loop. Its workers are as many as there are cores.
WORKER_CONCURRENCY = 2000


class InferencePerfPeer(Peer):
    """A configuration file for each case."""

    name = "inference-perf"
    packages = ("inference-perf==0.7.0",)
    oldest_python = (3, 12)
    has_tokenizer = True

    def command(self, run: Run, binaries: Path) -> list[str]:
        case = run.case
        if case.users:
            load: dict[str, Any] = {"type": "concurrent", "stages": [{"num_requests": CLOSED_REQUESTS, "concurrency_level": case.users}]}
        else:
            stages = [{"rate": case.rate, "duration": math.ceil(case.seconds)}]
            load = {"type": "constant", "stages": stages, "worker_max_concurrency": WORKER_CONCURRENCY}
        config = {
            "api": {"type": "chat", "streaming": case.is_stream},
            "data": {"type": "mock"},
            "load": load | {"interval": 0.0},
            "server": {"type": "vllm", "model_name": MODEL, "base_url": run.base, "ignore_eos": False},
            "tokenizer": {"pretrained_model_name_or_path": str(binaries.parent / "tokenizer")},
            "report": {"request_lifecycle": {"summary": True, "per_stage": False, "use_server_output_tokens": True}},
            "storage": {"local_storage": {"path": str(run.folder / "reports")}},
        }
        # JSON is YAML.
        return [str(binaries / "inference-perf"), "--config_file", str(run.write("config.yml", json.dumps(config)))]

    def environment(self, run: Run) -> Mapping[str, str]:
        return {"HF_HUB_OFFLINE": "1"}

    def reported(self, run: Run, output: str) -> Reported:
        summary = json.loads((run.folder / "reports" / "summary_lifecycle_metrics.json").read_text())
        latency = summary["successes"].get("latency") or {}
        ttft, e2e = latency.get("time_to_first_token") or {}, latency.get("request_latency") or {}
        return Reported(
            summary["successes"]["count"],
            summary["failures"]["count"],
            ttft.get("median", math.nan),
            ttft.get("p99", math.nan),
            e2e.get("p95", math.nan),
        )
