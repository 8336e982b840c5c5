"""The composition root: what a step sees. Frozen; a handful of collaborators, put together for one scenario on one stack."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hivecheck.actors.accounting import Accounting
from hivecheck.actors.callers import Callers
from hivecheck.actors.catalogues import Catalogues
from hivecheck.actors.chaos import Chaos
from hivecheck.actors.churn import Churn
from hivecheck.actors.circuits import Circuits
from hivecheck.actors.clients import Clients
from hivecheck.actors.confinement import Confinement
from hivecheck.actors.databases import Databases
from hivecheck.actors.developers import Developers
from hivecheck.actors.doors import Doors
from hivecheck.actors.faults import Faults
from hivecheck.actors.intruders import Intruders
from hivecheck.actors.judge import Judge
from hivecheck.actors.leavers import Leavers
from hivecheck.actors.liars import Liars
from hivecheck.actors.meters import Meters
from hivecheck.actors.models import Models
from hivecheck.actors.nodes import Nodes
from hivecheck.actors.outages import Outages
from hivecheck.actors.overview import Overview
from hivecheck.actors.registrations import Registrations
from hivecheck.actors.resources import Resources
from hivecheck.actors.restarts import Restarts
from hivecheck.actors.rivals import Rivals
from hivecheck.actors.secrecy import Secrecy
from hivecheck.actors.sessions import Sessions
from hivecheck.actors.steady_load import SteadyLoad
from hivecheck.actors.stubborn import Stubborn
from hivecheck.actors.telemetry import Telemetry
from hivecheck.actors.traffic import Traffic
from hivecheck.actors.waves import Waves
from hivecheck.actors.wires import Wires
from hivecheck.actors.workers import Workers
from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.clients.raw_http import RawClient
from hivecheck.faults.injector import Injector
from hivecheck.faults.plan import Drawing
from hivecheck.history import History
from hivecheck.loop_thread import LoopThread
from hivecheck.observation import Tail
from hivecheck.stack import Stack
from hivecheck.timeouts import Timeouts


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
            catalogues=Catalogues(stack, history, models, clients, faults),
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
