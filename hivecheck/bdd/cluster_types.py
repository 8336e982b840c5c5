"""The parameter types of the steps about the cluster: nodes, workers, registry, gateway, models. `parameter_types.py` registers them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hivecheck.world.cluster import catalogues, cluster, gateway, models, nodes, processes, registry, worker_lifecycle, workers
from hivecheck.world.phrases import names, one_of


def _missed(text: str) -> int:
    return _count(text) if text.startswith("offline") else 0


def _optional(pattern: str) -> str:
    return f"(?:{pattern})?"


def _count(text: str) -> int:
    """The number in a phrase. A phrase without one means one, and an empty phrase means none."""
    return int(found[0]) if (found := re.search(r"\d+", text)) else len(text.split()[:1])


def _seconds(text: str) -> float:
    return float(found[0]) if (found := re.search(r"[0-9.]+", text)) else 0.0


def _node(words: str) -> str:
    names = {"the registry": "registry", "the gateway": "orchestrator", "the hub": "hub"}
    return names.get(words, words)


def _models(words: str) -> list[str]:
    return [] if words.endswith(("no models", "without models")) else names(words.removeprefix(" of "))


def _health_of_hive(words: str) -> dict[str, str]:
    """` and hive-1 as healthy` as hive -> health; nothing as an empty dictionary."""
    return dict([words.removeprefix(" and ").split(" as ")]) if words else {}


_WORKER = r"worker-[a-z0-9-]+|the worker serving the request|that worker"
_HIVE = r"hive-[0-9]+"
_MODELS = r"model-[a-z0-9-]+(?:(?:, | and )model-[a-z0-9-]+)*"
_SETTING = r"[a-z_]+ [0-9.]+"
# What `before a worker was ready` may say, and the aspect of the check `not_before_ready`.
_BEFORE_READY = {
    "the registry did not list it": "registered",
    "every client was refused": "answered",
    "it received no request": "received",
}

# The phrases come from the modules that act on them, so a sentence that parses has an action.
CLUSTER_TYPES: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "Circuit": (r"closed|open|half_open|not closed", str, "the state of a worker's circuit"),
    "Node": (rf"the registry|the gateway|the hub|{_HIVE}|{_WORKER}", _node, "a node, or a worker's process"),
    "NodeGroup": (rf"the gateway and the hives|the gateway|{_HIVE}|worker-[a-z0-9-]+", str, "services that exit together"),
    "KillScope": (
        _optional(rf"{processes.WITH_WORKERS}|{processes.WITH_GUARD}|{processes.ONCE_LISTED.pattern.replace('(', '(?:')}"),
        str,
        "what else is killed, when, or nothing",
    ),
    "StartOption": (_optional(processes.WITHOUT_DATABASE), str, "` without its database`, or nothing"),
    "HiveSetup": (
        rf"{one_of(worker_lifecycle.HIVES)}| with {_SETTING} from its file and {_SETTING} from an override",
        str,
        "the workers or settings of a hive that joins",
    ),
    "HiveVerb": (r"reset|stop|download", str, "what a hive is asked to do"),
    "Service": (r"worker-[a-z0-9-]+|hive-[0-9]+", str, "a worker or a hive"),
    "Times": (r"once|\d+ times", _count, "how often"),
    "Subject": (r"worker-[a-z0-9-]+|model-[a-z0-9-]+", str, "a worker or a model"),
    "HiveHealth": (_optional(rf" and {_HIVE} as (?:healthy|degraded|unhealthy)"), _health_of_hive, "` and <hive> as <health>`, or nothing"),
    "Inventory": (one_of(cluster.INVENTORIES), str, "facts that a node reports"),
    "Noted": (one_of(cluster.READINGS), str, "a reading that a later step compares"),
    "Readiness": (rf"{nodes.READY}|{nodes.NOT_READY}", str, "whether the gateway accepts requests"),
    "View": (rf"{workers.REGISTRY_VIEW}|{workers.STATUS_VIEW}|{cluster.SERVICE_LIST}", str, "a place that shows services"),
    "Status": (r"online|offline|unconfirmed", str, "a worker's status in a view"),
    "Routable": (r"routable|not routable", str, "whether the gateway sends requests to a worker"),
    "Removed": (r"worker-[a-z0-9-]+|\d+ of the new workers", str, "a worker, or the oldest of the workers that a step started"),
    "WorkerSet": (rf"{workers.EVERY_WORKER_OF}{_HIVE}|{worker_lifecycle.EVERY_WORKER}|{_WORKER}", str, "a worker, or all of a hive"),
    "WorkerGroup": (rf"{cluster.THE_WORKERS_OF}{_HIVE}|worker-[a-z0-9-]+ and worker-[a-z0-9-]+", str, "several workers"),
    "GatewayLogFact": (one_of(gateway.LOGGED), str, "what the gateway logs about its databases"),
    "WorkerCount": (rf"\d+ workers?|{gateway.EVERY_DECLARED_WORKER}", str, "a number of workers, or all that are declared"),
    "Requests": (r"\d+ requests?", _count, "a number of requests"),
    "Clients": (r"a client waits|\d+ clients wait", _count, "a number of clients that wait"),
    "WithLeaver": (_optional(models.WITH_LEAVER), bool, "one more client, which disconnects, or nothing"),
    "Parts": (r"one part|\d+ parts", _count, "a number of downloaded parts"),
    "LoadTime": (_optional(r" and loads for [0-9.]+ seconds"), _seconds, "` and loads for <n> seconds`, or nothing"),
    "OfModels": (rf" of {_MODELS}| without models", _models, "` of <models>` or ` without models`"),
    "ModelList": (rf"no models|{_MODELS}", _models, "one or more models, or `no models`"),
    "ServeOption": (
        _optional(f"{worker_lifecycle.ADMIN_PORT}|{worker_lifecycle.REMOVED_AGAIN}"),
        str,
        "what is special about a worker, or nothing",
    ),
    "IsNew": (_optional(", and it is new"), bool, "`, and it is new`, or nothing"),
    "WaitPolicy": (one_of(worker_lifecycle.POLICIES), str, "how a hive waits before restarts"),
    "BeforeReady": (one_of(_BEFORE_READY), _BEFORE_READY.__getitem__, "what holds until a worker is ready"),
    "StaleCall": (r"heartbeat|registration|deregistration", str, "a call to the registry"),
    "Registration": (_optional(rf"{registry.OTHER_ADDRESS}|{registry.NEWER_EPOCH}"), str, "what is new in a registration, or nothing"),
    "RegistrationOutcome": (one_of(registry.OUTCOMES), str, "how the registry answers a registration"),
    "EntryChange": (rf"{registry.UNCHANGED}|{registry.UPDATED}", str, "what became of a registry entry"),
    "LeaseEnd": (r"offline after \d+ missed heartbeats|removed", _missed, "how the registry treats a silent service"),
    "HubFault": (one_of(models.HUB_FAULTS), str, "what the hub does to a download"),
    "CatalogueHealth": (one_of((catalogues.DEGRADED, catalogues.HEALTHY)), str, "the health of a hive's catalogue"),
    "CatalogueContent": (one_of((catalogues.INTACT, catalogues.DOWNLOADED)), str, "the models in a hive's catalogue"),
    "DamageOutcome": (rf"{cluster.MOVED_ASIDE}|{cluster.KEPT_IN_PLACE}", str, "how a node handles a damaged database"),
}
