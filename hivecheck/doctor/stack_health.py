"""What a doctor finds: findings, and those about one kept stack. Asks the stack's services only; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hivecheck.clients.control import ControlClient
from hivecheck.clients.gateway import GatewayClient
from hivecheck.clients.hive import HiveClient
from hivecheck.clients.registry import RegistryClient
from hivecheck.errors import ClientError
from hivecheck.stack.kept_stacks import KeptNode, KeptStack
from hivecheck.topologies import topology
from hivecheck.wording import counted

ANSWER_SECONDS = 2.0
WIDTH = 22


class Level(StrEnum):
    """How bad a finding is: nothing to do, worth knowing, or something will not work."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, what was found, and what to do about it (empty: nothing)."""

    level: Level
    what: str
    found: str
    remedy: str = ""

    def line(self) -> str:
        """As a person reads it."""
        return f"{self.level:<4}  {self.what:<{WIDTH}}  - {self.found}" + (f"; {self.remedy}" if self.remedy else "")


def stack(kept: KeptStack) -> Iterator[Finding]:
    """Every node of a kept stack; then what those that answer say of registrations, workers and models."""
    found = {name: node(kept.name, name, known.url, _health(known, kept.token)) for name, known in kept.nodes.items()}
    yield from found.values()
    for name, known in kept.nodes.items():
        # BAD can mean that another program took the port. That program must not receive the cluster's token.
        if known.service in QUESTIONS and found[name].level is not Level.BAD:
            try:
                yield QUESTIONS[known.service](kept, known.url)
            except ClientError as error:
                yield Finding(
                    Level.BAD, f"{kept.name}/{name}", f"cannot be asked ({error})", f"`hivecheck logs {name} --stack {kept.name}`"
                )


def node(stack_name: str, name: str, url: str, health: Mapping[str, Any] | None) -> Finding:
    """A node by its answer to /health; None when there was none."""
    what = f"{stack_name}/{name}"
    ways_out = f"`hivecheck logs {name} --stack {stack_name}`, `hivecheck down {stack_name}`"
    if health is None:
        return Finding(Level.BAD, what, f"no answer at {url}", f"it ended or hangs: {ways_out}")
    if health.get("name") != name:
        return Finding(Level.BAD, what, f"another program answers at {url}", f"the node ended and its port was taken: {ways_out}")
    if health.get("status") != "healthy":
        return Finding(Level.WARN, what, f"{health.get('status')} at {url}", ways_out)
    return Finding(Level.OK, what, f"healthy at {url}")


def registrations(stack_name: str, declared: Sequence[str], listed: Sequence[str]) -> Finding:
    """The declared services compared with those that the registry lists as online."""
    missing, extra = sorted(set(declared) - set(listed)), sorted(set(listed) - set(declared))
    found = f"the registry lists {len(set(declared) & set(listed))} of {counted(len(set(declared)), 'declared service')}"
    if missing:
        text = f"{found}; missing: {', '.join(missing)}"
        return Finding(Level.BAD, f"{stack_name} registrations", text, f"`hivecheck status {stack_name}` shows the state of each worker")
    return Finding(Level.OK, f"{stack_name} registrations", found + (f", and {', '.join(extra)}, which joined later" if extra else ""))


def workers(stack_name: str, url: str, states: Mapping[str, str]) -> Finding:
    """Workers of one hive by their state."""
    not_alive = [f"{name} is {state}" for name, state in sorted(states.items()) if state != "alive"]
    if not_alive:
        return Finding(
            Level.BAD, f"{stack_name} workers", f"{', '.join(not_alive)} at {url}", "the hive's log has the reason: `hivecheck logs`"
        )
    return Finding(Level.OK, f"{stack_name} workers", f"{len(states)} alive at {url}")


def models_offered(stack_name: str, declared: set[str], offered: set[str]) -> Finding:
    """Models that the gateway can route to, against those that workers were declared with."""
    if missing := sorted(declared - offered):
        text = f"not offered: {', '.join(missing)}"
        return Finding(Level.BAD, f"{stack_name} models", text, "no worker that serves it is registered and ready; see the lines above")
    return Finding(Level.OK, f"{stack_name} models", f"offered: {', '.join(sorted(offered))}")


def _ask_registry(kept: KeptStack, url: str) -> Finding:
    declared = topology.load(kept.topology)
    with closing(RegistryClient(url, kept.token, ANSWER_SECONDS)) as registry:
        return registrations(kept.name, [*declared.workers(), *(hive.name for hive in declared.of("hive"))], list(registry.services()))


def _ask_hive(kept: KeptStack, url: str) -> Finding:
    with closing(HiveClient(url, kept.token, ANSWER_SECONDS)) as hive:
        return workers(kept.name, url, {name: str(view["state"]) for name, view in hive.workers().items()})


def _ask_orchestrator(kept: KeptStack, url: str) -> Finding:
    declared = {model for models in topology.load(kept.topology).workers().values() for model in models}
    with closing(GatewayClient(url, kept.token, ANSWER_SECONDS)) as orchestrator:
        online = [view for view in orchestrator.workers().values() if view["status"] == "online"]
        return models_offered(kept.name, declared, {model for view in online for model in view["models"]})


QUESTIONS: dict[str, Callable[[KeptStack, str], Finding]] = {
    "registry": _ask_registry,
    "hive": _ask_hive,
    "orchestrator": _ask_orchestrator,
}


def _health(known: KeptNode, token: str) -> dict[str, Any] | None:
    with closing(ControlClient(known.url, token, ANSWER_SECONDS)) as client, suppress(ClientError):
        # Without the token, because it is not yet known which program answers.
        body = client.ask("GET", "/health", with_token=False).body
        return body if isinstance(body, dict) else {}
    return None
