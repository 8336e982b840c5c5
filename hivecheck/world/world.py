"""The composition root: what a step sees. Frozen; a handful of collaborators, put together for one scenario on one stack."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.clients.raw_http import RawClient
from hivecheck.faults.injector import Injector
from hivecheck.faults.planning.plan import Drawing
from hivecheck.history import History
from hivecheck.loop_thread import LoopThread
from hivecheck.stack.log_tail import Tail
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.world.checker import Judge
from hivecheck.world.cluster.catalogues import Catalogues
from hivecheck.world.cluster.churn import Churn
from hivecheck.world.cluster.circuits import Circuits
from hivecheck.world.cluster.gateway import Overview
from hivecheck.world.cluster.liars import Liars
from hivecheck.world.cluster.models import Models
from hivecheck.world.cluster.nodes import Nodes
from hivecheck.world.cluster.outages import Outages
from hivecheck.world.cluster.registry import Registrations
from hivecheck.world.cluster.registry_database import Databases
from hivecheck.world.cluster.stubborn import Stubborn
from hivecheck.world.cluster.worker_lifecycle import Restarts
from hivecheck.world.cluster.workers import Workers
from hivecheck.world.faults import Faults
from hivecheck.world.load import SteadyLoad
from hivecheck.world.observations.confinement import Confinement
from hivecheck.world.observations.connections import Wires
from hivecheck.world.observations.meters import Meters
from hivecheck.world.observations.metrics import Telemetry
from hivecheck.world.observations.resources import Resources
from hivecheck.world.observations.secrecy import Secrecy
from hivecheck.world.observations.security import Doors
from hivecheck.world.observations.usage import Accounting
from hivecheck.world.random_faults import Chaos
from hivecheck.world.requests.batches import Waves
from hivecheck.world.requests.chats import Clients
from hivecheck.world.requests.direct import Callers
from hivecheck.world.requests.hostile import Intruders
from hivecheck.world.requests.leavers import Leavers
from hivecheck.world.requests.rivals import Rivals
from hivecheck.world.requests.sdk import Developers
from hivecheck.world.requests.sessions import Sessions
from hivecheck.world.traffic import Traffic


@dataclass(frozen=True)
class World:
    """`random` is seeded by the run's seed and the scenario's name, so that a scenario draws the same alone or among others."""

    stack: Stack
    history: History
    timeouts: Timeouts
    random: random.Random
    clients: Clients
    sessions: Sessions
    rivals: Rivals
    callers: Callers
    telemetry: Telemetry
    accounting: Accounting
    workers: Workers
    nodes: Nodes
    overview: Overview
    doors: Doors
    confinement: Confinement
    meters: Meters
    models: Models
    catalogues: Catalogues
    outages: Outages
    databases: Databases
    faults: Faults
    chaos: Chaos
    churn: Churn
    registrations: Registrations
    resources: Resources
    restarts: Restarts
    traffic: Traffic
    steady_load: SteadyLoad
    stubborn: Stubborn
    liars: Liars
    waves: Waves
    leavers: Leavers
    circuits: Circuits
    wires: Wires
    developers: Developers
    intruders: Intruders
    secrecy: Secrecy
    judge: Judge
    gateway: OpenAIClient

    @classmethod
    def compose(cls, stack: Stack, loop: LoopThread, history_file: Path, seed: str, drawing: Drawing) -> World:
        """A fresh world on a stack that is up."""
        history = History(history_file)
        timeouts = stack.timeouts
        gateway = OpenAIClient(stack.orchestrator.url, loop, history, timeouts.request)
        clients = Clients(gateway, stack.secrets, history, timeouts)
        sessions = Sessions(clients, random.Random(f"{seed} sessions"))
        tail = Tail(stack.nodes.values())
        tail.skip_to_end()
        judge = Judge(history, tail, timeouts, clients.wait_for_all, stack.target.allowances() if stack.target else {})
        workers = Workers(stack, history, judge)
        waves = Waves(clients, stack, history, judge)
        nodes, overview, doors, confinement = Nodes(stack, history), Overview(stack, history), Doors(stack), Confinement(stack)
        models = Models(stack, history, judge, clients)
        restarts = Restarts(stack, history, nodes, workers, judge)
        liars = Liars(stack, restarts)
        faults = Faults(stack, workers, Injector(history, timeouts), random.Random(f"{seed} faults"))
        raw = RawClient(gateway.url, history, patience_seconds=2 * timeouts.turning_away)
        return cls(
            stack=stack,
            history=history,
            timeouts=timeouts,
            random=random.Random(seed),
            clients=clients,
            sessions=sessions,
            rivals=Rivals(gateway, stack),
            callers=Callers(clients, stack, random.Random(f"{seed} callers")),
            telemetry=Telemetry(stack, history),
            accounting=Accounting(stack, history, clients),
            workers=workers,
            nodes=nodes,
            overview=overview,
            doors=doors,
            confinement=confinement,
            meters=Meters(stack),
            models=models,
            catalogues=Catalogues(stack, history, models, clients, faults.injector),
            outages=Outages(stack, history, judge),
            databases=Databases(stack),
            faults=faults,
            chaos=Chaos(stack, faults, liars, drawing, history_file.parent),
            churn=Churn(stack, workers),
            registrations=Registrations(stack),
            resources=Resources(stack, workers, waves),
            restarts=restarts,
            traffic=Traffic(clients),
            steady_load=SteadyLoad(gateway, stack.secrets, history, timeouts, loop),
            stubborn=Stubborn(stack, history, judge),
            liars=liars,
            waves=waves,
            leavers=Leavers(waves),
            circuits=Circuits(stack),
            wires=Wires(stack, judge),
            developers=Developers(gateway.url, stack.secrets, history),
            intruders=Intruders(raw, stack, history),
            secrecy=Secrecy(stack, gateway, raw, history),
            judge=judge,
            gateway=gateway,
        )

    def models_by_worker(self) -> Mapping[str, Sequence[str]]:
        """Declared workers and those that were started meanwhile, with their models."""
        return self.stack.topology.workers() | {
            name: tuple(view["models"]) for hive in self.stack.hives.values() for name, view in hive.workers().items()
        }

    def known_models(self) -> list[str]:
        """Every model that some worker has."""
        return sorted({model for models in self.models_by_worker().values() for model in models})

    def hive_by_worker(self) -> Mapping[str, str]:
        return {worker: name for name, hive in self.stack.hives.items() for worker in hive.workers()}

    def workers_of(self, model: str) -> list[str]:
        return sorted(name for name, models in self.models_by_worker().items() if model in models)

    def close(self) -> None:
        """Send every client home and close what this scenario opened. The stack stays."""
        self.traffic.leave()
        self.steady_load.leave()
        self.stubborn.leave()
        self.liars.leave()
        self.clients.leave()
        self.rivals.leave()
        self.intruders.leave()
        self.registrations.leave()
        self.models.leave()
        self.gateway.close()
        self.history.close()
