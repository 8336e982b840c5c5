"""Load runs: each sends a whole plan from an engine in a process of its own, and history gets its figures. Judges nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hivecheck.checks.load.load_facts import LOAD_RUN
from hivecheck.errors import InconclusiveError, Reason, UsageError
from hivecheck.history import Event, History
from hivecheck.load import result, trace_file
from hivecheck.load.bodies import Bodies
from hivecheck.load.plan import Plan, Prompt
from hivecheck.load.schedule import Arrivals, Level, Schedule, Segment, Trace, Users
from hivecheck.stack.stack import Stack
from hivecheck.world.requests.credentials import credential

TOKENS, PROMPT_TOKENS = 8, 16
STALL_SECONDS = 2.0
KEY_VARIABLE = "HIVECHECK_LOAD_KEY"
# A user starts so long after the one before it. All at once would be a burst that no later moment of the run resembles.
STAGGER_SECONDS_A_CLIENT = 0.001
# Loads that are compared run at the same time. A pause of the machine delays both, and medians of seconds bear a few pauses.
SHARED_PAUSE_SECONDS = 2.0
GROWTH_SHARE = 0.5  # of the time of a level, for users that grow to it
KEPT_FAILURES = 20
# The process imports the engine, warms up, and writes its result.
OVERHEAD_SECONDS = 20.0
LEAVING_SECONDS = 5.0
NUMBER = r"\d+(?:\.\d+)?"
OPEN_LOOP = re.compile(rf"({NUMBER}) requests per second for ({NUMBER}) seconds?(, with Poisson arrivals)?")
CLIENTS = re.compile(rf"(\d+) clients for ({NUMBER}) seconds?")
TRACE = re.compile(r"a recorded trace of (\d+) conversations")
TRACE_SECONDS = 1.0
LEVELS = re.compile(
    rf"users that (grow|jump) to (\d+(?:(?:, | and )\d+)*), each for ({NUMBER}) seconds, with ({NUMBER}) seconds? of think time"
)


@dataclass(frozen=True)
class Kind:
    """What a load sends. `turns` above 0 makes conversations, with or without a session. `is_direct` goes past the gateway."""

    stream_share: float = 0.5
    is_direct: bool = False
    turns: int = 1
    has_session: bool = False


# Words in Gherkin -> the kind of load.
KINDS: dict[str, Kind] = {
    "": Kind(),
    ", unary": Kind(0.0),
    ", streamed": Kind(1.0),
    ", unary and past the gateway": Kind(0.0, is_direct=True),
    ", streamed and past the gateway": Kind(1.0, is_direct=True),
    ", in conversations of 4 turns": Kind(1.0, turns=4),
    ", in sessions of 4 turns": Kind(1.0, turns=4, has_session=True),
}


@dataclass(frozen=True)
class Recorded:
    """A trace of so many conversations of one or two turns within a few seconds."""

    conversations: int

    def text(self, seed: int) -> str:
        """The JSONL of the trace, from the seed alone."""
        numbers, lines = random.Random(f"{seed} trace"), [trace_file.HEADER]
        for number in range(self.conversations):
            begin = round(numbers.uniform(0, TRACE_SECONDS), 3)
            turn = {"input_tokens": numbers.randint(4, 40), "output_tokens": numbers.randint(2, TOKENS), "conversation": f"c{number}"}
            lines.append(json.dumps(turn | {"at": begin}))
            if number % 2:
                lines.append(json.dumps(turn | {"think": 0.2}))
        return "\n".join(lines) + "\n"


Shape = Schedule | Recorded


@dataclass
class LoadRuns:
    """The load runs of one scenario, in folders `load-1`, `load-2` and so on below `folder`."""

    stack: Stack
    history: History
    folder: Path
    random: random.Random
    count: int = 0

    def run(self, shape: Shape, model: str, kind: Kind, simulate: str, times: int) -> None:
        """Send the load, so many times in a row. Returns when the last run has ended. Raises InconclusiveError without a result."""
        seed = self.random.getrandbits(32)
        for number in range(times):
            folder = self._folder()
            # The same seed repeats the same load. A session that a worker knows from the run before would change its latencies.
            plan = self._plan(seed + number * kind.has_session, _whole(shape, folder, seed, kind), model, kind, simulate)
            with self._measured(plan, folder, kind, times):
                pass

    def run_both(self, shape: Shape, model: str, *loads: tuple[Kind, str]) -> None:
        """Send loads of one schedule, each with its kind and its simulated work, at the same time. Their results keep this order."""
        seed = self.random.getrandbits(32)
        with contextlib.ExitStack() as running:
            # Last in, first out: the last load is started first, so that the first result is that of the first load.
            folders = [self._folder() for _ in loads]
            for (kind, simulate), folder in reversed(list(zip(loads, folders, strict=True))):
                plan = self._plan(seed, _whole(shape, folder, seed, kind), model, kind, simulate)
                plan = msgspec.structs.replace(plan, lateness_limit=SHARED_PAUSE_SECONDS)
                running.enter_context(self._measured(plan, folder, kind, 1))

    def _folder(self) -> Path:
        self.count += 1
        folder = self.folder / f"load-{self.count}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _plan(self, seed: int, schedule: Schedule, model: str, kind: Kind, simulate: str) -> Plan:
        base = self._direct_url(model) if kind.is_direct else self.stack.gateway.url
        return Plan(
            url=f"{base}/v1",
            model=model,
            seed=seed,
            schedule=schedule,
            stream_share=kind.stream_share,
            max_output_tokens=TOKENS,
            prompt=Prompt(PROMPT_TOKENS),
            headers={"X-Simulate": simulate} if simulate else {},
            key_variable=KEY_VARIABLE,
            key_header="X-Cluster-Token" if kind.is_direct else "Authorization",
            key_form="{}" if kind.is_direct else "Bearer {}",
            session_field="session_id" if kind.has_session else "",
            deadline_seconds=self.stack.timeouts.request,
            stall_seconds=STALL_SECONDS,
            drain_seconds=self.stack.timeouts.request,
            is_numbered=True,
            # A warm-up could meet the one failure after which the gateway ejects the worker.
            warm_up=0 if simulate.startswith("at=") else 1,
            lateness_limit=self.stack.timeouts.load_lateness,
        )

    @contextlib.contextmanager
    def _measured(self, plan: Plan, folder: Path, kind: Kind, times: int) -> Iterator[None]:
        """A run that has begun. Its end is awaited at the end, and its figures are recorded then."""
        key = self.stack.secrets.token if kind.is_direct else credential("a valid key", self.stack.secrets)
        began = time.monotonic()
        with _engine(plan, folder, str(key)) as engine, contextlib.suppress(subprocess.TimeoutExpired):
            yield
            engine.wait(plan.schedule.duration_seconds + plan.drain_seconds + OVERHEAD_SECONDS)
        file = folder / result.RESULT_FILE
        if not file.is_file():
            words = (folder / "engine.log").read_text(encoding="utf-8").strip()
            raise InconclusiveError(
                f"expected: a load result in {file}\nactual: {words or 'none in time'}",
                reason=Reason.HARNESS_ERROR,
            )
        data = result.read(file)
        about = {"began": began, "of": times, "digest": _digest(plan)}
        self.history.record(
            Event(
                time.monotonic(),
                LOAD_RUN,
                plan.model,
                about | figures(data) | {"failures": data["failures"][:KEPT_FAILURES], "schedule": data["plan"]["schedule"]},
            )
        )

    def _direct_url(self, model: str) -> str:
        """The first worker of the model that is a node of its own."""
        for name, worker in sorted(self.stack.registry.workers().items()):
            if name in self.stack.nodes and model in worker["models"]:
                return self.stack.nodes[name].url
        raise UsageError(f"expected: a worker of {model} that is a node of its own\nactual: none\nnext: use another topology")


def shape_of(words: str) -> Shape:
    """The schedule, or the trace to write, of a phrase of Gherkin. Raises UsageError for an unknown one."""
    for pattern, make in FORMS.items():
        if found := pattern.fullmatch(words):
            return make(*found.groups())
    raise UsageError(f"expected: one of {', '.join(pattern.pattern for pattern in FORMS)}\nactual: {words}")


def _open_loop(rate: str, seconds: str, poisson: str | None) -> Schedule:
    return Arrivals((Segment(float(seconds), float(rate), float(rate)),), 1.0 if poisson else 0.0)


def _clients(count: str, seconds: str) -> Schedule:
    return Users(int(count), float(seconds), stagger_seconds=int(count) * STAGGER_SECONDS_A_CLIENT)


def _levels(change: str, counts: str, seconds: str, think: str) -> Schedule:
    numbers, whole = [int(text) for text in re.findall(r"\d+", counts)], float(seconds)
    growing = whole * GROWTH_SHARE if change == "grow" else 0.0
    levels = tuple(level for count in numbers for level in (Level(growing, count), Level(whole - growing, count)))
    return Users(max(numbers), whole * len(numbers), float(think), levels=levels)


def _whole(shape: Shape, folder: Path, seed: int, kind: Kind) -> Schedule:
    """The schedule to run. A recorded trace is written to its file and read from there."""
    if isinstance(shape, Recorded):
        file = folder / "trace.jsonl"
        file.write_text(shape.text(seed), encoding="utf-8")
        return trace_file.read(file)
    return msgspec.structs.replace(shape, turns=kind.turns) if isinstance(shape, Users) else shape


def _digest(plan: Plan) -> str:
    """The schedule with the bodies of its requests, byte for byte. For users it holds first requests only: later ones depend on answers."""
    digest, bodies = hashlib.sha256(msgspec.json.encode(plan.schedule)), Bodies(plan)
    digest.update(plan.schedule.intended_seconds(plan.seed).tobytes())
    schedule = plan.schedule
    for number in range(len(schedule.turns)) if isinstance(schedule, Trace) else [one.number for one in schedule.chains(plan.seed)]:
        digest.update(bodies.body(number))
    return digest.hexdigest()


FORMS: dict[re.Pattern[str], Callable[..., Shape]] = {
    OPEN_LOOP: _open_loop,
    CLIENTS: _clients,
    LEVELS: _levels,
    TRACE: lambda count: Recorded(int(count)),
}


@contextlib.contextmanager
def _engine(plan: Plan, folder: Path, key: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a run. Its loop shares no interpreter with the harness. The end of its input ends it."""
    command = [sys.executable, "-m", "hivecheck.load", str(folder)]
    environment = os.environ | {KEY_VARIABLE: key}
    with (folder / "engine.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)
        assert process.stdin is not None
        try:
            process.stdin.write(plan.to_json() + b"\n")
            process.stdin.flush()
            yield process
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(LEAVING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(LEAVING_SECONDS)


def figures(data: dict[str, Any]) -> dict[str, Any]:
    """What checks read of a result. Its bulky parts stay in the file."""
    return {name: value for name, value in data.items() if name not in ("histograms", "failures", "plan")}
