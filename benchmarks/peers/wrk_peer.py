"""wrk: the floor in C. It is no package of an index of Python, so it is used where the machine has it. It knows no events of a stream."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from peers.peer import MODEL, PROMPT, Peer, Reported, Run


class WrkPeer(Peer):
    """A closed loop of bytes."""

    name = "wrk"
    cases = ("streams", "unary")
    limits = ("ttft, stop: no open loop, and no time of a first token", "cut: no meaning of a stream's events")
    program = "wrk"

    def command(self, run: Run, binaries: Path) -> list[str]:
        case = run.case
        messages = [{"role": "user", "content": PROMPT}]
        body = json.dumps({"model": MODEL, "messages": messages, "max_tokens": case.tokens, "stream": case.is_stream})
        lua = f"wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['Content-Type'] = 'application/json'\n"
        script = run.write("chat.lua", lua)
        load = ["--threads", "1", "--connections", str(case.users), "--duration", f"{case.seconds:g}s", "--latency"]
        return [self.program, *load, "--script", str(script), f"{run.base}/v1/chat/completions"]

    def environment(self, run: Run) -> Mapping[str, str]:
        return {}

    def version(self) -> str:
        found = re.search(r"wrk (\S+)", subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False).stdout)
        return found[1] if found else "unknown"

    def reported(self, run: Run, output: str) -> Reported:
        found = re.search(r"(\d+) requests in", output)
        if not found:
            raise ValueError(f"no summary: {output[-200:]}")
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        failed = int(bad[1]) if bad else 0
        return Reported(int(found[1]) - failed, failed)
