"""The options of `hivecheck load`, from the command line or a scenario file, and the plan that they give. Sends nothing."""

from __future__ import annotations

import difflib
import ipaddress
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hivecheck.errors import UsageError
from hivecheck.load import profiles, slo, trace_file
from hivecheck.load.plan import Caps, Plan, Prompt
from hivecheck.load.profiles import refusal
from hivecheck.load.schedule import Schedule, Trace, Users
from hivecheck.protocol.http1 import RequestHead
from hivecheck.protocol.origin import origin_of

DEFAULT_DURATION_SECONDS = 60.0
# One new user each 10 ms does not strain a server, and a start of all users at once would.
STAGGER_SECONDS_A_USER = 0.01


class LoadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that a person can choose. A scenario file has the same names, with `_` or `-` between words."""

    url: str = ""
    model: str = ""
    rate: float | None = None
    arrivals: str = ""
    users: int | None = None
    think: float = 0.0
    stagger: float | None = None
    turns: int = 1
    trace: str = ""
    duration: float | None = None
    slo: str = ""
    key_env: str = ""
    header: tuple[str, ...] = ()
    stream_share: float = 1.0
    prompt_tokens: int = 32
    shared_prefix: float = 0.0
    max_output_tokens: int = 64
    deadline: float = 60.0
    stall: float = 10.0
    drain: float = 30.0
    warm_up: int = 1
    max_requests: int = 0
    max_tokens: int = 0
    price_in: float = 0.0
    price_out: float = 0.0
    lateness_limit: float = 0.0
    numbered_tokens: bool = False
    insecure: bool = False
    ca: str = ""
    carriers: str = ""


SHARES = ("stream_share", "shared_prefix")
ABOVE_ZERO = ("rate", "duration", "users", "turns", "prompt_tokens", "max_output_tokens", "deadline", "stall")


def read(given: Mapping[str, Any], scenario: Path | None) -> LoadOptions:
    """The options of the scenario file, overridden by those of the command line. Raises UsageError."""
    values = (_scenario(scenario) if scenario else {}) | dict(given)
    try:
        options = msgspec.convert(values, LoadOptions, strict=True)
    except msgspec.ValidationError as error:
        raise refusal("options with values of their types", f"{scenario}: {error}", "correct the file") from None
    _must_be_in_range(options)
    return options


def plan(options: LoadOptions, seed: int, environ: Mapping[str, str]) -> Plan:
    """The plan of the options. Raises UsageError with what is missing or does not fit together."""
    if not options.url or not options.model:
        missing = [f"--{name}" for name in ("url", "model") if not getattr(options, name)]
        raise refusal(
            "an address and a model", f"no {' and no '.join(missing)}", "add them, such as --url http://127.0.0.1:8000/v1 --model m"
        )
    slo.parse(options.slo)
    if options.key_env and not environ.get(options.key_env):
        raise refusal(
            f"a key in the variable {options.key_env}", "it is not set, or empty", f"export {options.key_env}=..., then run again"
        )
    made = Plan(
        url=options.url,
        model=options.model,
        seed=seed,
        schedule=_schedule(options),
        stream_share=options.stream_share,
        max_output_tokens=options.max_output_tokens,
        prompt=Prompt(options.prompt_tokens, options.shared_prefix),
        headers=_headers(options.header),
        key_variable=options.key_env,
        deadline_seconds=options.deadline,
        stall_seconds=options.stall,
        drain_seconds=options.drain,
        is_numbered=options.numbered_tokens,
        warm_up=options.warm_up,
        caps=Caps(options.max_requests, options.max_tokens),
        slo=options.slo,
        lateness_limit=options.lateness_limit,
    )
    _must_be_sendable(made, environ)
    if not (made.caps.requests or made.caps.tokens) and is_foreign(options.url):
        host = urlsplit(options.url).hostname
        raise refusal(
            "a cap for a server that is not on this machine",
            f"{host} without --max-requests and without --max-tokens",
            "add one, such as --max-requests 1000; --price-in and --price-out estimate the cost",
        )
    return made


def most_spent(plan: Plan, price_in: float, price_out: float) -> float:
    """The most that a run can cost by its caps and its schedule. Prices are for a million tokens. Infinite without a bound."""
    schedule = plan.schedule
    per_request = plan.prompt.tokens * price_in + plan.max_output_tokens * price_out
    bounds = [plan.caps.requests * per_request] if plan.caps.requests else []
    bounds += [plan.caps.tokens * max(price_in, price_out)] if plan.caps.tokens else []
    if isinstance(schedule, Trace):
        bounds.append(
            sum(turn.input_tokens * price_in + plan.output_tokens(number) * price_out for number, turn in enumerate(schedule.turns))
        )
    elif not isinstance(schedule, Users):
        bounds.append((len(schedule.intended_seconds(plan.seed)) + plan.warm_up) * per_request)
    return min(bounds, default=float("inf")) / 1_000_000


def is_foreign(url: str) -> bool:
    """Whether the address belongs to another machine. Raises UsageError for a name that does not resolve."""
    host = origin_of(url)[0].host
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)}
    except OSError as error:
        raise refusal(f"a server at {url}", f"{host}: {error}", "check the address") from None
    return not all(_is_own(address) for address in found)


def _is_own(address: str) -> bool:
    if ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        return True
    # Only an address of this machine can be bound.
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _schedule(options: LoadOptions) -> Schedule:
    kinds = {"--rate or --arrivals": options.rate is not None or bool(options.arrivals), "--users": options.users is not None}
    chosen = [name for name, is_given in {**kinds, "--trace": bool(options.trace)}.items() if is_given]
    if len(chosen) != 1:
        actual = f"{' and '.join(chosen)} together" if chosen else "none of --rate, --arrivals, --users and --trace"
        raise refusal("one kind of load: an open loop, users or a trace", actual, "give one, such as --rate 50 or --users 100 --think 1")
    if options.users is None and (options.think or options.turns > 1 or options.stagger is not None):
        raise refusal("--think, --turns and --stagger with --users", f"{chosen[0]}", "remove them, or use --users")
    if options.trace:
        return trace_file.read(Path(options.trace), options.duration)
    seconds = options.duration or DEFAULT_DURATION_SECONDS
    if options.users is not None:
        # Within the think time users start evenly, so the load begins as it goes on.
        stagger = options.stagger if options.stagger is not None else max(options.think, options.users * STAGGER_SECONDS_A_USER)
        return Users(options.users, seconds, options.think, min(stagger, seconds / 2), options.turns)
    return profiles.arrivals(options.arrivals or "constant", options.rate, seconds)


def _scenario(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            values = {name.replace("-", "_"): value for name, value in tomllib.load(file).items()}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise refusal("a scenario in TOML", f"{path}: {error}", "correct the file, or its path") from None
    known = LoadOptions.__struct_fields__
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise refusal("a known option", f"{path}: {name}", f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}")
    # TOML tells 50 from 50.0, and a person does not.
    return {name: float(value) if type(value) is int and _is_float(name) else value for name, value in values.items()}


def _is_float(name: str) -> bool:
    return "float" in str(LoadOptions.__annotations__[name])


def _must_be_in_range(options: LoadOptions) -> None:
    for name in LoadOptions.__struct_fields__:
        value = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        option = f"--{name.replace('_', '-')}"
        if name in SHARES and not 0 <= value <= 1:
            raise refusal(f"a share from 0 to 1 for {option}", f"{value:g}", "0.5 is one half")
        if name in ABOVE_ZERO and not 0 < value < float("inf"):
            raise refusal(f"a number above 0 for {option}", f"{value:g}", "correct the number")
        if not 0 <= value < float("inf"):
            raise refusal(f"a number, 0 or more, for {option}", f"{value:g}", "correct the number")


def _headers(words: tuple[str, ...]) -> dict[str, str]:
    headers = {}
    for word in words:
        name, colon, value = word.partition(":")
        if not colon or not name.strip():
            raise refusal("a header such as 'X-Tenant: a'", word, "put a colon between name and value")
        headers[name.strip()] = value.strip()
    return headers


def _must_be_sendable(made: Plan, environ: Mapping[str, str]) -> None:
    """A line break in a key, a header or the URL would begin another header."""
    origin, prefix = origin_of(made.url)
    key = environ.get(made.key_variable, "") if made.key_variable else ""
    try:
        RequestHead("POST", prefix + made.path, origin.host_header, {"Authorization": key, **made.headers})
    except ValueError:
        raise UsageError(
            "expected: an address, headers and a key without line breaks and spaces\nactual: one has such a character\nnext: remove it"
        ) from None
