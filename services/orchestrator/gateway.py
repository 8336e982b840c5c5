"""The composition root of the orchestrator: builds every collaborator from the settings. Starts no task and opens no socket."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from prometheus_client import Gauge

from services import logs
from services.descriptors import room_for_requests
from services.orchestrator.forwarding.attempts import Attempts
from services.orchestrator.forwarding.breaker import BreakerPolicy, Breakers
from services.orchestrator.forwarding.delivery import Limits
from services.orchestrator.forwarding.drain_deadline import DrainDeadline
from services.orchestrator.forwarding.passive_health import PassiveHealth
from services.orchestrator.forwarding.pool import Pool
from services.orchestrator.forwarding.proxy import Proxy
from services.orchestrator.forwarding.resilience_metrics import ResilienceMetrics
from services.orchestrator.forwarding.retry import RetryBudget, RetryPolicy
from services.orchestrator.forwarding.upstream import Upstream
from services.orchestrator.identity.auth import Authenticator, authenticator
from services.orchestrator.request.in_flight import InFlight
from services.orchestrator.request.metrics import Metrics
from services.orchestrator.request.recorder import RequestRecorder
from services.orchestrator.request.stats import Stats
from services.orchestrator.routing.cluster import Cluster
from services.orchestrator.routing.model_aliases import ModelAliases, aliases_of
from services.orchestrator.routing.pins import FILE_NAME as PINS_FILE_NAME
from services.orchestrator.routing.pins import PinStore
from services.orchestrator.routing.provisioning import Provisioner
from services.orchestrator.routing.reported_queues import ReportedQueues
from services.orchestrator.routing.sessions import Sessions
from services.orchestrator.routing.sticky import Pins
from services.orchestrator.routing.worker_loss import WorkerLoss
from services.orchestrator.settings import Settings
from services.orchestrator.usage.ledger import FILE_NAME as LEDGER_FILE_NAME
from services.orchestrator.usage.ledger import Ledger
from services.orchestrator.usage.ledger_maintenance import LedgerMaintenance, Retention
from services.relay import Timeouts
from services.service import ServiceContext

SECONDS_PER_DAY = 86400.0

log = logging.getLogger(__name__)


@dataclass
class Gateway:
    """The collaborators of one gateway. `session` (the HTTP client) is None until the event loop runs."""

    service: ServiceContext
    settings: Settings
    auth: Authenticator
    model_aliases: ModelAliases
    cluster: Cluster
    recorder: RequestRecorder
    proxy: Proxy
    pins: Pins
    pin_store: PinStore
    ledger_maintenance: LedgerMaintenance
    max_in_flight: int
    provisioner: Provisioner | None = None
    drain_deadline: DrainDeadline = field(default_factory=DrainDeadline)
    session: aiohttp.ClientSession | None = None


def build(settings: Settings) -> Gateway:
    """The gateway that `settings` describes."""
    service = ServiceContext("orchestrator", settings)
    in_flight = InFlight()
    ledger = Ledger(Path(settings.data_dir) / LEDGER_FILE_NAME, settings.ledger_max_unwritten, settings.ledger_note_seconds)
    retention = Retention(settings.ledger_retention_days * SECONDS_PER_DAY, settings.ledger_max_rows)
    recorder = RequestRecorder(in_flight, Stats(), Metrics(service.metrics, in_flight), ledger)
    cluster = Cluster(
        settings.declared_models, settings.model_memory_seconds, settings.unknown_model_status, settings.registry_grace_seconds
    )
    # Restarted workers can have new ids, so state per worker would accumulate without these listeners.
    cluster.listeners.append(lambda view: in_flight.forget_all_but(view.workers))
    queues = ReportedQueues(in_flight.most)
    cluster.listeners.append(lambda view: queues.apply(view, time.monotonic()))
    resilience = ResilienceMetrics(service.metrics)
    attempts = _attempts(settings, in_flight, cluster, resilience)
    retry = RetryPolicy(settings.max_extra_attempts, settings.retry_base_seconds)
    limits = Limits(settings.unary_seconds, settings.write_seconds)
    passive_health = PassiveHealth(seconds=settings.ejection_seconds)
    budget = RetryBudget(settings.retry_share, settings.retry_per_second)
    pin_store = PinStore(Path(settings.data_dir) / PINS_FILE_NAME)
    # The wall clock: the age of a pin must stay right across a restart.
    pins = Pins(settings.session_ttl_seconds, settings.session_capacity, time.time, pin_store.put)
    Gauge("gateway_session_pins", "Sessions that are pinned to a worker.", registry=service.metrics).set_function(lambda: len(pins))
    sessions = Sessions(pins, settings.session_headers, settings.session_field)
    return Gateway(
        service=service,
        settings=settings,
        auth=authenticator(settings),
        model_aliases=aliases_of(settings.models, settings.offerings),
        cluster=cluster,
        recorder=recorder,
        # Without free file descriptors, the gateway could accept requests and then fail to connect to workers.
        max_in_flight=min(settings.max_in_flight, room_for_requests()),
        pins=pins,
        pin_store=pin_store,
        ledger_maintenance=LedgerMaintenance(ledger, retention),
        provisioner=_provisioner(settings, cluster),
        proxy=Proxy(
            recorder,
            cluster,
            queues,
            attempts,
            retry,
            budget,
            sessions,
            resilience,
            limits,
            passive_health,
            random.Random(settings.retry_seed),
        ),
    )


def _provisioner(settings: Settings, cluster: Cluster) -> Provisioner | None:
    if not settings.provisioning:
        return None
    return Provisioner(cluster, settings.token, settings.provisioning_wait_seconds, settings.provisioning_max_waiting)


def _attempts(settings: Settings, in_flight: InFlight, cluster: Cluster, metrics: ResilienceMetrics) -> Attempts:
    """Attempts with their breakers, pool and timeouts. The cluster view drops the breakers of workers that left."""
    open_seconds, longest_seconds = settings.breaker_open_seconds, settings.breaker_longest_open_seconds
    policy = BreakerPolicy(settings.breaker_failures, open_seconds, settings.breaker_successes, longest_seconds)
    breakers = Breakers(policy, lambda worker_id, state: logs.event(log, "circuit_changed", worker=worker_id, state=state))
    worker_loss = WorkerLoss()
    pool = Pool(settings.max_connections_per_worker, settings.pool_wait_seconds, metrics.pool_waited)
    cluster.listeners.append(lambda view: breakers.forget_all_but(view.workers))
    cluster.listeners.append(worker_loss.apply)
    metrics.watch(lambda: breakers.states(cluster.view.workers, time.monotonic()), lambda: pool.used, lambda: pool.waiting)
    timeouts = Timeouts(settings.connect_seconds, settings.first_byte_seconds, settings.idle_seconds)
    return Attempts(in_flight, breakers, pool, worker_loss, Upstream(settings.token, timeouts))
