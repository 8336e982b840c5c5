"""Settings of a service: defaults < TOML file < environment `<SERVICE>_<KEY>` < `--set key=value`. Rejects unknown keys."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535, description="a TCP port, 1 to 65535")]
Seconds = Annotated[float, msgspec.Meta(ge=0, description="seconds, 0 or more")]
PositiveSeconds = Annotated[float, msgspec.Meta(gt=0, description="seconds, more than 0")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", description="letters, digits, . _ - (at most 63)")]
HttpUrl = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]+$", description="http://host:port without a path")]


class CommonSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of every service. `token` is the cluster's shared secret. Set it in a file or the environment, not with `--set`.

    Peers use `advertised_url` where http://host:port does not reach the service.
    Headers must arrive within `header_seconds` and the body within `body_seconds`. A slower request gets 400.
    A service answers connections beyond `max_connections` with 503 and closes them. So it does beyond half of the descriptor limit.
    """

    name: Name
    port: Port
    token: str
    host: str = "127.0.0.1"
    advertised_url: HttpUrl | None = None
    data_dir: str = "."
    drain_seconds: Seconds = 20.0
    header_seconds: PositiveSeconds = 10.0
    body_seconds: PositiveSeconds = 60.0
    max_connections: Annotated[int, msgspec.Meta(ge=1, description="a whole number, 1 or more")] = 16384


class SettingsError(Exception):
    """A setting is invalid. The message names the key, the value and the accepted form."""


def load(settings_type: type[SettingsT], service: str, argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> SettingsT:
    """Read the settings of `service` from `--config FILE`, the environment and `--set key=value`.

    Raises SettingsError if a key is unknown or missing, or if a value does not have the accepted form.
    """
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    parser.add_argument("--config", metavar="FILE", help="a TOML file with the settings")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="one setting, TOML syntax; dots reach into tables")
    options = parser.parse_args(argv)
    values: dict[str, Any] = _read_file(options.config) if options.config else {}
    prefix = f"{service.upper()}_"
    known = {field.encode_name for field in msgspec.structs.fields(settings_type)}
    for name, text in environ.items():
        key = name.removeprefix(prefix).lower()
        # Unknown variables are ignored: Kubernetes sets its own, for example WORKER_PORT_9000_TCP.
        if name.startswith(prefix) and key in known:
            values[key] = _value(text)
    for assignment in options.set:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise SettingsError(f"--set {assignment}: expected KEY=VALUE, for example --set port=9000")
        _put(values, key.strip().split("."), _value(text))
    return _convert(settings_type, values)


def load_or_exit(settings_type: type[SettingsT], service: str, argv: Sequence[str] | None = None) -> SettingsT:
    """Like `load`, but an invalid setting prints its message and ends the process with exit code 2."""
    try:
        return load(settings_type, service, sys.argv[1:] if argv is None else argv)
    except SettingsError as error:
        sys.stderr.write(f"services.{service}: bad settings\n  {error}\n")
        raise SystemExit(2) from None


def _read_file(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"--config {path}: cannot be read ({error.strerror}); give a readable TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"--config {path}: not a TOML file: {error}") from None


def _value(text: str) -> Any:
    """The value in TOML syntax, or the text itself if it is not TOML."""
    # `--set host=127.0.0.1` and environment variables need no quotes that way.
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        step = values.setdefault(key, {})
        if not isinstance(step, dict):
            raise SettingsError(f"{'.'.join(path)} = {value!r}: {key} is not a table")
        values = step
    values[path[-1]] = value


def _convert(settings_type: type[SettingsT], values: dict[str, Any]) -> SettingsT:
    try:
        return msgspec.convert(values, settings_type, strict=True)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(settings_type, values, str(error))) from None


def _explain(settings_type: type[msgspec.Struct], values: dict[str, Any], message: str) -> str:
    """The message with key, value and accepted form."""
    # msgspec's own message gives neither key nor value: 'Expected `int`, got `str` - at `$.port`'.
    reason, _, place = message.partition(" - at `$")
    path = [part for part in re.split(r"[.\[\]]+", place.rstrip("`")) if part and part != "..."]
    if unknown := re.search(r"unknown field `(.+)`", reason):
        key = ".".join([*path, unknown[1]])
        accepted = _accepted_keys(_node_at(settings_type, path))
        near = difflib.get_close_matches(unknown[1], accepted, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        return f"{key} = {_lookup(values, [*path, unknown[1]])!r}: unknown key{hint} Accepted here: {', '.join(sorted(accepted))}"
    if missing := re.search(r"missing required field `(.+)`", reason):
        return f"{'.'.join([*path, missing[1]])}: missing; it has no default, set it in the file or with --set"
    form = _accepted_form(_node_at(settings_type, path)) or f"{reason[0].lower()}{reason[1:]}"
    return f"{'.'.join(path)} = {_lookup(values, path)!r}: {form}"


def _node_at(settings_type: type[msgspec.Struct], path: list[str]) -> Any:
    """The type description of the (nested) setting at `path`, or None."""
    node: Any = msgspec.inspect.type_info(settings_type)
    for part in path:
        node = _strip(node)
        if isinstance(node, msgspec.inspect.StructType):
            node = next((field.type for field in node.fields if field.encode_name == part), None)
        else:
            node = getattr(node, "item_type", None) or getattr(node, "value_type", None)
    return node


def _accepted_keys(node: Any) -> list[str]:
    node = _strip(node)
    return [field.encode_name for field in node.fields] if isinstance(node, msgspec.inspect.StructType) else []


def _accepted_form(node: Any) -> str | None:
    """The accepted form: the type's description, its list of choices, or None."""
    if isinstance(node, msgspec.inspect.UnionType):
        return next((form for kind in node.types if (form := _accepted_form(kind))), None)
    if isinstance(node, msgspec.inspect.Metadata) and (words := (node.extra_json_schema or {}).get("description")):
        return f"expected {words}"
    if isinstance(node, msgspec.inspect.LiteralType):
        return f"expected one of {', '.join(map(str, node.values))}"
    return None


def _strip(node: Any) -> Any:
    """The type without its constraints and without `| None`."""
    if isinstance(node, msgspec.inspect.Metadata):
        return _strip(node.type)
    if isinstance(node, msgspec.inspect.UnionType):
        return next((_strip(kind) for kind in node.types if not isinstance(kind, msgspec.inspect.NoneType)), node)
    return node


def _lookup(values: Any, path: list[str]) -> Any:
    for part in path:
        try:
            values = values[int(part)] if isinstance(values, list) else values[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return values
