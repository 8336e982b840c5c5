"""Commands of hivecheck as a person gives them: a load, a search for the knee, a comparison. History gets their results. Judges nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hivecheck.checks.load.changed import COMPARISON
from hivecheck.checks.load.highest_rate import SEARCH
from hivecheck.checks.load.load_facts import LOAD_RUN, invalid
from hivecheck.errors import InconclusiveError, Reason
from hivecheck.history import Event, History
from hivecheck.load import result
from hivecheck.load.bodies import Bodies
from hivecheck.load.plan import Plan
from hivecheck.load.schedule import part
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually
from hivecheck.world.checker import Checker
from hivecheck.world.load_runs import PROMPT_TOKENS, STALL_SECONDS, TOKENS, LoadRuns, figures
from hivecheck.world.requests.credentials import credential

KEY_VARIABLE = "ACCEPTANCE_LOAD_KEY"  # the command takes a name that begins with HIVECHECK_ for a setting
OVERHEAD_SECONDS = 30.0  # of the command beside its load: it starts processes, warms up and writes its result
ANSWER = "client or server?"  # the first words of the report
REQUESTS_BEFORE_STOP = 3
# Constant arrivals build no queue below the knee, and one that grows above it.
SEARCH_WORDS = ("--search", "goodput", "--arrivals", "constant")
PROBES = 24  # so many probes of equal length fill the time of a search
SEARCH_LATENESS_SECONDS = 1.0  # objectives of a median bear a few late requests, and a pause of the machine ends no search


@dataclass
class LoadCommands:
    """The commands of one scenario. Their folders stand beside those of the load runs."""

    stack: Stack
    history: History
    checker: Checker
    runs: LoadRuns
    random: random.Random
    count: int = 0

    def load(self, rate: int, seconds: float, model: str, *, processes: int = 1, stopped_seconds: float = 0.0) -> None:
        """Send a load, from several processes or from one that is stopped in the middle. Raises InconclusiveError without a result."""
        stopped: list[float] = []
        stop = (lambda process: stopped.extend(self._stop(process, stopped_seconds))) if stopped_seconds else None
        schedule = ["--rate", str(rate), "--duration", str(seconds)]
        places = ["--carriers", f"local:{processes}"] if processes > 1 else []
        began = time.monotonic()
        folder, code, output = self._load([*schedule, *places], model, "", seconds, stop)
        data = result.read(written(folder / result.RESULT_FILE, output))
        about = {
            "began": began,
            "of": 1,
            "processes": processes,
            "stopped": stopped,
            "exit_code": code,
            "answer": next((line for line in output.splitlines() if line.startswith(ANSWER)), ""),
            "requests": list(requests_of(Plan.from_json(json.dumps(data["plan"]).encode()), processes)),
        }
        self.history.record(Event(time.monotonic(), LOAD_RUN, model, figures(data) | about))

    def search(self, slo: str, model: str, rates: tuple[int, int], seconds: float, simulate: str) -> None:
        """Search for the highest rate at which the objectives hold, from the lowest to the highest of these rates."""
        probe_seconds = seconds / PROBES
        bounds = ["--low", str(rates[0]), "--high", str(rates[1]), "--search-seconds", str(seconds), "--probe-seconds", str(probe_seconds)]
        words = [*SEARCH_WORDS, *bounds, "--slo", slo, "--lateness-limit", str(SEARCH_LATENESS_SECONDS)]
        folder, _, output = self._load(words, model, simulate, seconds)
        data = json.loads(written(folder / "knee.json", output).read_text(encoding="utf-8"))
        self.history.record(Event(time.monotonic(), SEARCH, model, data))

    def compare(self, tolerance: float) -> None:
        """Compare the last load run with the one before it. Raises InconclusiveError for an INVALID one, which the command refuses."""
        for run in self.history.events(LOAD_RUN)[-2:]:
            if verdict := invalid(run.data):
                verdict.enforce()
        before, last = (str(self.runs.folder / f"load-{number}") for number in (self.runs.count - 1, self.runs.count))
        folder = self._folder()
        file = folder / "comparison.json"
        words = ["compare", before, last, "--tolerance", str(tolerance), "--json", str(file)]
        _, output = self._carry_out(words, folder, OVERHEAD_SECONDS)
        self.history.record(Event(time.monotonic(), COMPARISON, "harness", json.loads(written(file, output).read_text(encoding="utf-8"))))

    def _folder(self) -> Path:
        self.count += 1
        folder = self.runs.folder / f"command-{self.count}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _load(
        self,
        words: list[str],
        model: str,
        simulate: str,
        seconds: float,
        meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None,
    ) -> tuple[Path, int, str]:
        """Carry out `hivecheck load`: its folder, exit code and output."""
        folder, timeouts = self._folder(), self.stack.timeouts
        options = {
            "--url": f"{self.stack.gateway.url}/v1",
            "--model": model,
            "--key-env": KEY_VARIABLE,
            "--stream-share": "0.5",
            "--max-output-tokens": str(TOKENS),
            "--prompt-tokens": str(PROMPT_TOKENS),
            "--deadline": str(timeouts.request),
            "--drain": str(timeouts.request),
            "--stall": str(STALL_SECONDS),
            "--lateness-limit": str(timeouts.load_lateness),
            "--seed": str(self.random.getrandbits(32)),
            "--out": str(folder),
        }
        header = ["--header", f"X-Simulate:{simulate}"] if simulate else []
        given = [word for option in options.items() for word in option]
        command = ["load", *given, *header, "--numbered-tokens", "--no-calibration", *words]
        code, output = self._carry_out(command, folder, seconds + timeouts.request + OVERHEAD_SECONDS, meanwhile)
        return folder, code, output

    def _carry_out(
        self, words: list[str], folder: Path, seconds: float, meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None
    ) -> tuple[int, str]:
        """The exit code and the output of a command. Raises InconclusiveError for one that does not end in time."""
        log = folder / "command.log"
        with log.open("wb") as file, self._command(words, file) as process:
            if meanwhile:
                meanwhile(process)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise InconclusiveError(
                    f"expected: an end of `hivecheck {words[0]}` within {seconds:g} s\nactual: it still runs; its output is in {log}",
                    reason=Reason.HARNESS_ERROR,
                ) from None
        return code, log.read_text(encoding="utf-8", errors="replace")

    @contextlib.contextmanager
    def _command(self, words: list[str], output: Any) -> Iterator[subprocess.Popen[bytes]]:
        # Settings of this run are no settings of the command.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVECHECK_")}
        environment[KEY_VARIABLE] = str(credential("a valid key", self.stack.secrets))
        # A process group of its own: after the death of the harness, the kernel ends a stopped one (SIGHUP to an orphaned group).
        process = subprocess.Popen(
            [sys.executable, "-m", "hivecheck.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            process_group=0,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _stop(self, process: subprocess.Popen[bytes], seconds: float) -> tuple[float, float]:
        """Stop the client for so long once its load has begun. Returns begin and end of the stop."""
        before = len(self.history.journal("arrival"))

        def arrived() -> int:
            self.checker.observe()
            return len(self.history.journal("arrival")) - before

        eventually(
            arrived,
            until=lambda count: count > REQUESTS_BEFORE_STOP,
            within=OVERHEAD_SECONDS,
            what=f"more than {REQUESTS_BEFORE_STOP} requests of the load at the workers",
            gone=lambda: None if process.poll() is None else "the load has ended",
        )
        process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
        finally:
            end = time.monotonic()
            process.send_signal(signal.SIGCONT)
        return begin, end


def written(file: Path, output: str) -> Path:
    """The file, which the command wrote. Raises InconclusiveError with its output otherwise."""
    if not file.is_file():
        raise InconclusiveError(f"expected: {file.name} in {file.parent}\nactual: {output.strip()}", reason=Reason.HARNESS_ERROR)
    return file


def requests_of(plan: Plan, processes: int) -> Iterator[dict[str, Any]]:
    """What the workers must receive: the hash of each body, its shard, and when it is due in seconds. A warm-up is due before 0."""
    bodies = Bodies(plan)
    for shard in range(processes):
        for chain in part(plan.schedule.chains(plan.seed), shard, processes):
            yield {"sha256": hashlib.sha256(bodies.body(chain.number)).hexdigest(), "shard": shard, "at": chain.at}
        for place in range(plan.warm_up):
            body = bodies.body(-1 - shard * plan.warm_up - place)
            yield {"sha256": hashlib.sha256(body).hexdigest(), "shard": shard, "at": -1.0}
