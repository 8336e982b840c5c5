"""A target: which gateway is under test, how it starts, how its workers are registered, and what it declares. Data from a TOML file.

`reference` is the bundled orchestrator and has no file. Starts nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Annotated, Any, Literal

import msgspec

from hivecheck import tags
from hivecheck.checks.balancing import Balancing
from hivecheck.errors import TargetError
from hivecheck.targets.dialect import Dialect
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology

FOLDER = Path(__file__).parent
REFERENCE = "reference"
# What may stand behind a $ in a template: once for the gateway, or once for each worker and model.
OF_GATEWAY = {
    "host": "the address to listen on",
    "port": "the port to listen on",
    "extra_port": "a further free port, e.g. for metrics",
    "python": "the Python that runs hivecheck",
    "beside": "the folder of the target file",
    "home": "the folder that `hivecheck targets install` made",
    "folder": "a folder of its own, to write to",
    "config": "the path of the written [config]",
    "key": "the key that clients show",
    "token": "the token of the cluster",
    "worker_urls": "the workers' URLs: an argument each, or comma-separated within one",
    "worker_count": "how many workers there are",
    "each_worker": "the [config] piece `each_worker`, once for each worker and model",
}
OF_READINESS = {name: OF_GATEWAY[name] for name in ("worker_count", "worker_urls", "key", "token")}
OF_WORKER = {"id": "the worker's id", "url": "its URL", "host": "its host", "port": "its port", "model": "one of its models"}

Text = Annotated[str, msgspec.Meta(min_length=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class ConfigFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is written before the gateway starts; `each_worker` is repeated where `$each_worker` stands."""

    file: Text
    text: Text
    each_worker: str = ""


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the gateway serves: this GET has this status, and in its JSON body each dotted path has this value ($ allowed)."""

    path: Text
    status: int = 200
    body: dict[str, str | int | bool] = {}


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that registers one worker and model. It is repeated until the gateway is ready, so a repetition must do no harm."""

    path: Text
    method: str = "POST"
    body: dict[str, Any] = {}


class Install(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages for an environment of its own, made on request: `hivecheck targets install`."""

    packages: tuple[Text, ...]


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the gateway declares: scenarios with all their requirements in this list, on these topologies (none: on every one)."""

    requirements: tuple[Text, ...]
    topologies: tuple[Text, ...] = ()


class Exemption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario that the gateway cannot be held to although it declares the requirement, and why."""

    scenario: Text
    reason: Text


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the gateway is: a `command`, an `image` (with a command of its own or this one), or a `url`. `origin`: as it was typed.

    `fresh`: what gets a freshly started gateway. `ready_seconds` count from its start, `stop_seconds` from SIGTERM.
    `balancing` is a word of `Balancing`, or empty; `balancers` is how many of the gateway's processes choose workers on their own.
    """

    name: Text
    summary: Text
    declares: Declaration
    ready: Ready
    command: tuple[Text, ...] = ()
    image: str = ""
    url: str = ""
    environment: dict[str, str] = {}
    config: ConfigFile | None = None
    register: tuple[Registration, ...] = ()
    install: Install | None = None
    exempt: tuple[Exemption, ...] = ()
    fresh: Literal["scenario", "topology"] = "scenario"
    ready_seconds: Seconds | None = None
    stop_seconds: Seconds | None = None
    dialect: Dialect = Dialect()
    balancing: str = ""
    balancers: Annotated[int, msgspec.Meta(ge=1)] = 1
    origin: str = ""

    def folder(self) -> Path:
        """Where its file is: `$beside` of its templates."""
        return Path(self.origin).resolve().parent if self.origin.endswith(".toml") else FOLDER

    def allowances(self) -> dict[str, dict[str, Any]]:
        """Check -> limits that hold for this target instead of those for the reference."""
        balancing = Balancing(self.balancing) if self.balancing else None
        return {"spread": {"balancing": balancing, "senders": self.balancers}, **self.dialect.allowances()}

    def timeouts(self) -> Timeouts:
        """The time budgets with the limits of this target."""
        default = Timeouts()
        ready, stop = self.ready_seconds or default.stack_ready, self.stop_seconds or default.node_stop
        # Healing restarts the gateway, so it may take as long as a start.
        return replace(default, stack_ready=ready, node_stop=stop, heal=max(default.heal, self.ready_seconds or 0.0))

    def must_go_with(self, platform: str) -> None:
        """Raise TargetError where nodes are not processes of this machine and the gateway would be one."""
        if not self.image and not self.url and platform != "process":
            raise TargetError(
                f"target {self.origin}: its command runs on this machine, outside the network of platform {platform}; "
                f"expected --platform process, or a target with an image."
            )

    def why_not(self, name: str, requirements: Sequence[str], on: str) -> str | None:
        """Why this scenario is not supported: what of it the target does not declare. None when it must pass."""
        for exemption in self.exempt:
            if name == exemption.scenario or name.startswith(f"{exemption.scenario} ["):  # an outline's rows
                return f"{self.name} is exempt: {exemption.reason}"
        if self.declares.topologies and on not in self.declares.topologies:
            return f"{self.name} does not declare topology {on}"
        missing = [requirement for requirement in requirements if requirement not in self.declares.requirements]
        if missing or not requirements:
            return f"{self.name} does not declare {', '.join(missing) or 'scenarios without a requirement'}"
        return None


def load(origin: str, folder: Path = FOLDER) -> Target | None:
    """The target of that name or in that file; None for the reference. Raises TargetError that says what to do."""
    if origin == REFERENCE:
        return None
    path = Path(origin) if origin.endswith(".toml") else folder / f"{origin}.toml"
    if not path.is_file():
        raise TargetError(f"There is no target {origin!r}. Known: {', '.join([REFERENCE, *names(folder)])}; or the path of a TOML file.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        target = msgspec.convert(raw | {"origin": origin}, Target)
    except tomllib.TOMLDecodeError as error:
        raise TargetError(f"target {origin}: expected TOML, got {error}; mend the file.") from None
    except msgspec.ValidationError as error:
        raise TargetError(f"target {origin}: {error}; docs/targets.md has every key.") from None
    _must_make_sense(target)
    return target


def names(folder: Path = FOLDER) -> list[str]:
    """Every target that comes with the project, the reference left out."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def _must_make_sense(target: Target) -> None:
    """Raise TargetError for what no single value shows."""

    def wrong(expected: str, came: str, remedy: str) -> TargetError:
        return TargetError(f"target {target.origin}: expected {expected}, got {came}; {remedy}.")

    given = [key for key in ("command", "image", "url") if getattr(target, key)]
    if not given or ("url" in given and len(given) > 1):
        raise wrong("a command, an image or a url", " and ".join(given) or "none of them", "say where the gateway is")
    if target.url and (target.config or target.environment or target.install):
        raise wrong(
            "a url alone", "config, environment or install beside it", "a gateway that runs already gets its workers by [[register]]"
        )
    if target.url and not target.url.startswith(("http://", "https://")):
        raise wrong("url to begin with http://", repr(target.url), "write e.g. http://127.0.0.1:8080")
    if target.url and not target.register:
        raise wrong("a [[register]] with the url", "none", "the workers' ports are new in every run, so the gateway must receive them")
    if unknown := [name for name in target.declares.requirements if name not in tags.requirements()]:
        raise wrong("requirement IDs in declares.requirements", unknown[0], "docs/requirements.md lists them")
    if unknown := [name for name in target.declares.topologies if name not in topology.names()]:
        raise wrong(f"topologies out of {', '.join(topology.names())}", unknown[0], "correct declares.topologies")
    if target.balancing and target.balancing not in list(Balancing):
        remedy = "docs/targets.md explains each word"
        raise wrong(f"balancing to be one of {', '.join(Balancing)}", repr(target.balancing), remedy)
    for place, text, known in _templates(target):
        template = Template(text)
        if not template.is_valid() or set(template.get_identifiers()) - set(known):
            unknown = sorted(set(template.get_identifiers()) - set(known))
            raise wrong(f"one of ${', $'.join(known)} in {place}", f"${unknown[0]}" if unknown else text, "write $$ for a dollar sign")


def _templates(target: Target) -> list[tuple[str, str, Mapping[str, str]]]:
    found: list[tuple[str, str, Mapping[str, str]]] = [("command", part, OF_GATEWAY) for part in target.command]
    found += [("environment", text, OF_GATEWAY) for text in target.environment.values()]
    if target.config:
        found += [("config.text", target.config.text, OF_GATEWAY), ("config.each_worker", target.config.each_worker, OF_WORKER)]
    found += [("ready.body", str(value), OF_READINESS) for value in target.ready.body.values()]
    return found + [("register.body", msgspec.json.encode(call.body).decode(), OF_WORKER) for call in target.register]
