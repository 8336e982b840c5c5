"""AIPerf of NVIDIA. It loads a tokenizer, and counts with the server's usage."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.peer import MODEL, PROMPT, Peer, Reported, Run

PROMPTS = 1000


class AiperfPeer(Peer):
    """`aiperf profile` without its dashboard and telemetry."""

    name = "aiperf"
    packages = ("aiperf==0.13.0",)
    has_tokenizer = True

    def command(self, run: Run, binaries: Path) -> list[str]:
        case = run.case
        if case.users:
            load = ["--concurrency", str(case.users), "--benchmark-duration", f"{case.seconds:g}"]
        else:
            load = ["--request-rate", f"{case.rate:g}", "--arrival-pattern", "constant", "--request-count", str(case.requests)]
        what = ["--model", MODEL, "--url", run.base, "--endpoint-type", "chat", *(["--streaming"] if case.is_stream else [])]
        prompts = run.write("prompts.jsonl", "".join(json.dumps({"text": f"{PROMPT} {n}"}) + "\n" for n in range(PROMPTS)))
        data = ["--input-file", str(prompts), "--custom-dataset-type", "single_turn"]
        # Its own tokenizer is a download.
        tokens = ["--tokenizer", str(binaries.parent / "tokenizer"), "--use-server-token-count"]
        rest = ["--ui", "none", "--no-gpu-telemetry", "--no-server-metrics", "--artifact-dir", str(run.folder / "artifacts")]
        return [str(binaries / "aiperf"), "profile", *what, *load, *data, *tokens, *rest]

    def environment(self, run: Run) -> Mapping[str, str]:
        return {}  # with HF_HUB_OFFLINE it takes the tokenizer's folder for the name of a repository

    def reported(self, run: Run, output: str) -> Reported:
        found = list((run.folder / "artifacts").rglob("profile_export_aiperf.json"))
        data = json.loads(found[0].read_text())
        counts = {name: int((data.get(name) or {}).get("avg") or 0) for name in ("request_count", "error_request_count")}
        ttft, e2e = data.get("time_to_first_token") or {}, data.get("request_latency") or {}
        return Reported(
            counts["request_count"], counts["error_request_count"], _seconds(ttft, "p50"), _seconds(ttft, "p99"), _seconds(e2e, "p95")
        )


def _seconds(metric: Mapping[str, Any], name: str) -> float:
    value = metric.get(name)
    return math.nan if value is None else value / (1000 if metric["unit"] == "ms" else 1)
