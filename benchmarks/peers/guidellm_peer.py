"""GuideLLM of the vLLM project. Its prompts come from a file, so it needs no tokenizer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.peer import MODEL, PROMPT, Peer, Reported, Run

PROMPTS = 2000  # it reads each of them before the load
# Of requests that its schedule has sent: without it those of the last seconds are left out.
SLOW_SECONDS = 20.0


class GuidellmPeer(Peer):
    """`guidellm run` without a console."""

    name = "guidellm"
    packages = ("guidellm==0.8.1",)

    def command(self, run: Run, binaries: Path) -> list[str]:
        case = run.case
        prompts = run.write("prompts.jsonl", "".join(json.dumps({"prompt": f"{PROMPT} {n}"}) + "\n" for n in range(PROMPTS)))
        body = {"max_tokens": case.tokens}
        backend = {"kind": "openai_http", "target": run.base, "model": MODEL, "stream": case.is_stream, "extras": {"body": body}}
        profile = {"kind": "concurrent", "streams": case.users} if case.users else {"kind": "constant", "rate": case.rate}
        limits: list[dict[str, Any]] = [{"kind": "max_duration", "seconds": case.seconds + (0.0 if case.users else SLOW_SECONDS)}]
        if not case.users:
            limits.append({"kind": "max_requests", "count": case.requests})
        return [
            *(str(binaries / "guidellm"), "run", "--disable-console"),
            *("--backend", json.dumps(backend)),
            *("--data", json.dumps({"kind": "json_file", "path": str(prompts)})),
            *("--profile", json.dumps(profile)),
            *(word for limit in limits for word in ("--constraint", json.dumps(limit))),
            *("--output", json.dumps({"kind": "json", "path": str(run.folder / "result.json")})),
        ]

    def environment(self, run: Run) -> Mapping[str, str]:
        return {"HF_HUB_OFFLINE": "1", "HF_HOME": str(run.folder / "hub")}

    def reported(self, run: Run, output: str) -> Reported:
        metrics = json.loads((run.folder / "result.json").read_text())["benchmarks"][0]["metrics"]
        totals = metrics["request_totals"]
        ttft, e2e = (metrics[name]["successful"]["percentiles"] for name in ("time_to_first_token_ms", "request_latency"))
        has_ttft = run.case.is_stream and totals["successful"]
        return Reported(
            totals["successful"],
            totals["errored"],
            ttft["p50"] / 1000 if has_ttft else math.nan,
            ttft["p99"] / 1000 if has_ttft else math.nan,
            e2e["p95"],
        )
