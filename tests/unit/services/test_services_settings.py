"""Every setting of every service, derived from its type: a bad value is refused with key, value and accepted form."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from services.config import SettingsError, load
from services.hive.settings import HiveSettings
from services.model_hub.settings import ModelHubSettings
from services.orchestrator.settings import Settings as OrchestratorSettings
from services.registry.settings import RegistrySettings
from services.worker.settings import WorkerSettings

inspect = msgspec.inspect
SERVICES = {
    "hive": HiveSettings,
    "model_hub": ModelHubSettings,
    "orchestrator": OrchestratorSettings,
    "registry": RegistrySettings,
    "worker": WorkerSettings,
}
WORD = '"no such value"'  # of no number, no choice and no pattern


def settings_of(kind: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    """Each setting of a service, those of nested tables with a dotted key."""
    for field in msgspec.structs.fields(kind):
        own = stripped(inspect.type_info(field.type))
        if isinstance(own, inspect.StructType):
            yield from ((f"{field.name}.{key}", node) for key, node in settings_of(own.cls))
        else:
            yield field.name, own


def stripped(node: Any) -> Any:
    """The type without its description, and without an optional None."""
    if isinstance(node, inspect.Metadata):
        return stripped(node.type)
    if isinstance(node, inspect.UnionType):
        [rest] = [each for each in node.types if not isinstance(each, inspect.NoneType)]
        return stripped(rest)
    return node


def bad_values(node: Any) -> list[str]:
    """Values in TOML that the type must refuse: one of another type, and one beyond each of its limits."""
    found = ["1"] if isinstance(node, inspect.StrType) else [WORD]
    if isinstance(node, inspect.IntType | inspect.FloatType):
        least, most = (node.ge, node.le)
        found += [f"{least - 1}"] if least is not None else [f"{node.gt}"] if node.gt is not None else []
        found += [f"{most + 1}"] if most is not None else []
    if isinstance(node, inspect.StrType) and node.pattern:
        found.append(WORD)
    return found


def required(service: str) -> list[str]:
    """Good values for the settings without a default."""
    good = {"name": "n1", "port": "9000", "token": '"secret"', "registry_url": '"http://127.0.0.1:1"'}
    needed = [field.name for field in msgspec.structs.fields(SERVICES[service]) if field.required]
    return [f"{name}={good.get(name, '[]')}" for name in needed]


CASES = [(service, key, value) for service, kind in SERVICES.items() for key, node in settings_of(kind) for value in bad_values(node)]


@pytest.mark.parametrize(("service", "key", "value"), CASES, ids=[f"{service} {key}={value}" for service, key, value in CASES])
def test_bad_setting(service: str, key: str, value: str) -> None:
    """The message begins with the key and the value, and names the accepted form."""
    given = [each for name in (*required(service), f"{key}={value}") for each in ("--set", name)]
    with pytest.raises(SettingsError) as error:
        load(SERVICES[service], service, given, {})
    shown = tomllib.loads(f"value = {value}")["value"]
    assert str(error.value).startswith(f"{key} = {shown!r}: expected ")


@pytest.mark.parametrize("service", SERVICES)
def test_good_settings(service: str) -> None:
    """The settings without a default are enough, so a refusal above has no other reason."""
    assert load(SERVICES[service], service, [each for name in required(service) for each in ("--set", name)], {})
