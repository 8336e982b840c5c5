"""The composition root: everything that a step can use. One frozen World serves one scenario on one stack."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.faults.injector import Injector
from hivecheck.faults.planning.plan import PlanSource
from hivecheck.faults.planning.soak_plan import SoakPlan
from hivecheck.history import History
from hivecheck.loop_thread import LoopThread
from hivecheck.stack.log_tail import LogTail
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.world.checker import Checker
from hivecheck.world.cluster.cluster import Cluster
from hivecheck.world.faults import Faults, epoch_of
from hivecheck.world.gateway_kills import GatewayKills
from hivecheck.world.load import Load
from hivecheck.world.load_commands import LoadCommands
from hivecheck.world.load_runs import LoadRuns
from hivecheck.world.observations.observations import Observations
from hivecheck.world.random_faults import RandomFaults
from hivecheck.world.requests.chats import MODEL_LISTS, Chats
from hivecheck.world.requests.requests import Requests
from hivecheck.world.soak import Soak


@dataclass(frozen=True)
class World:
    """The collaborators of one scenario. Random choices follow the run's seed and the scenario's name."""

    stack: Stack
    history: History
    timeouts: Timeouts
    requests: Requests
    cluster: Cluster
    observations: Observations
    load: Load
    load_runs: LoadRuns
    load_commands: LoadCommands
    faults: Faults
    random_faults: RandomFaults
    gateway_kills: GatewayKills
    soak: Soak
    checker: Checker

    @classmethod
    def compose(
        cls,
        stack: Stack,
        loop: LoopThread,
        history_file: Path,
        seed: str,
        drawing: PlanSource,
        soak: SoakPlan,
        say: Callable[[str], None],
    ) -> World:
        """A fresh world on a stack that is up. `seed` is the run's seed with the scenario's name. `say` prints a line at once."""
        history = History(history_file)
        timeouts = stack.timeouts
        gateway = OpenAIClient(stack.gateway.url, loop, history, timeouts.request)
        models_paths = stack.target.dialect.models_paths if stack.target else MODEL_LISTS
        chats = Chats(gateway, stack.secrets, history, timeouts, models_paths)
        tail = LogTail(stack.nodes.values())
        # Earlier scenarios on the same stack wrote to the same logs and journals. Their lines are no evidence for this one.
        tail.skip_to_end()
        checker = Checker(history, tail, timeouts, chats.wait_for_all, stack.target.allowances() if stack.target else {})
        injector = Injector(history, timeouts, epoch_of)
        requests = Requests.compose(stack, history, chats, checker, seed)
        cluster = Cluster.compose(stack, history, chats, injector, checker)
        faults = Faults(stack, cluster.workers, injector, random.Random(f"{seed} faults"))
        observations = Observations.compose(stack, history, requests, cluster, checker)
        load = Load(chats, loop)
        load_runs = LoadRuns(stack, history, history_file.parent, random.Random(f"{seed} load runs"))
        random_faults = RandomFaults(stack, faults, cluster.worker_lifecycle, drawing, history_file.parent)
        return cls(
            stack=stack,
            history=history,
            timeouts=timeouts,
            requests=requests,
            cluster=cluster,
            observations=observations,
            load=load,
            load_runs=load_runs,
            load_commands=LoadCommands(stack, history, checker, load_runs, random.Random(f"{seed} load commands")),
            faults=faults,
            random_faults=random_faults,
            gateway_kills=GatewayKills(stack, load, faults, random.Random(f"{seed} gateway kills")),
            soak=Soak(stack, history, load, random_faults, observations.cycles, observations.usage, soak, say),
            checker=checker,
        )

    def close(self) -> None:
        """Ends every request and closes what this scenario opened, even when a part of that fails. The stack stays."""
        with contextlib.ExitStack() as last_to_first:
            # An ExitStack calls the last callback first: the load ends, then the requests, and history closes last.
            last_to_first.callback(self.history.close)
            last_to_first.callback(self.requests.client.close)
            last_to_first.callback(self.cluster.leave)
            last_to_first.callback(self.requests.leave)
            last_to_first.callback(self.load.leave)
