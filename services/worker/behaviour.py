"""The behaviour of one answer: the syntax of `X-Simulate`, the length and the pace. Pure: no clock, no I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from random import Random

import msgspec

from services.worker.fault_types import BehaviourError, Fault, parse_fault, whole
from services.worker.settings import WorkerSettings

__all__ = ["NORMAL", "Behaviour", "BehaviourError", "Fault", "Length", "Pace", "deadlines", "length_of", "pace_of", "parse", "strain"]

# Limits, because a client chooses these values. Infinity or NaN would keep a slot forever.
MAX_SECONDS = 3600.0
MAX_TOKENS = 100_000

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
# No CR and no LF: a value with a line break would add a header of its own (RFC 9110 section 5.5).
_HEADER_VALUE = re.compile(r"[\t -~]{0,1024}")

KEYS = ("at", "ttft", "itl", "tokens", "header", "fault")


class Behaviour(msgspec.Struct, frozen=True):
    """Overrides of the settings for one request. None keeps the setting.

    `at`: the name of the only worker that it applies to. `headers` override the answer's own headers.
    """

    ttft_seconds: float | None = None
    itl_seconds: float | None = None
    tokens: int | None = None
    fault: Fault | None = None
    at: str | None = None
    headers: dict[str, str] = {}

    def concerns(self, worker: str) -> bool:
        return self.at in (None, worker)


class Pace(msgspec.Struct, frozen=True):
    """The times of one answer's tokens, in seconds, before jitter."""

    first_seconds: float
    itl_seconds: float
    slope_seconds: float
    jitter_fraction: float
    clamp_fraction: float = math.inf
    load_factor: float = 1.0
    slots: int = 1

    @property
    def is_instant(self) -> bool:
        return not (self.first_seconds or self.itl_seconds or self.slope_seconds)


class Length(msgspec.Struct, frozen=True):
    """The number of tokens of an answer, and OpenAI's finish reason."""

    tokens: int
    finish_reason: str


NORMAL = Behaviour()


def parse(text: str) -> Behaviour:
    """`at=worker-1;ttft=0.8;itl=0.05;tokens=20;header=Retry-After: 7;fault=status:503` in any order. Raises BehaviourError.

    Each key may occur once, and `header` any number of times. A part without `=` is a fault.
    """
    values: dict[str, str] = {}
    headers: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, equals, value = part.partition("=")
        key, value = (key.strip(), value.strip()) if equals else ("fault", key)
        if key not in KEYS or key in values:
            raise BehaviourError(f"{part}: {'given twice' if key in values else 'unknown key'}; accepted keys: {', '.join(KEYS)}")
        if key == "header":
            headers |= _header(value)
        else:
            values[key] = value
    return Behaviour(
        ttft_seconds=_seconds("ttft", values["ttft"]) if "ttft" in values else None,
        itl_seconds=_seconds("itl", values["itl"]) if "itl" in values else None,
        tokens=whole("tokens", values["tokens"], range(1, MAX_TOKENS + 1)) if "tokens" in values else None,
        fault=parse_fault(values["fault"]) if "fault" in values else None,
        at=values.get("at"),
        headers=headers,
    )


def pace_of(settings: WorkerSettings, behaviour: Behaviour, prompt_tokens: int) -> Pace:
    """The pace of one answer. A time from the request replaces the setting together with its prefill or slope."""
    first, itl = behaviour.ttft_seconds, behaviour.itl_seconds
    return Pace(
        first_seconds=settings.ttft_seconds + settings.prefill_seconds_per_token * prompt_tokens if first is None else first,
        itl_seconds=settings.itl_seconds if itl is None else itl,
        slope_seconds=settings.itl_slope_seconds if itl is None else 0.0,
        jitter_fraction=settings.jitter_fraction,
        clamp_fraction=settings.jitter_clamp_fraction,
        load_factor=settings.load_factor,
        slots=settings.max_num_seqs,
    )


def length_of(settings: WorkerSettings, behaviour: Behaviour, limit: int | None) -> Length:
    """The length of one answer. `limit` is the client's max_tokens, and the default length if the behaviour sets none."""
    natural = behaviour.tokens or limit or settings.default_output_tokens
    tokens = min(natural, limit or natural, settings.max_output_tokens)
    # The simulated model has no natural end. So an answer that reaches the client's limit ends for length, as a real one does.
    is_cut = tokens < natural or (limit is not None and behaviour.tokens is None)
    return Length(tokens, "length" if is_cut else "stop")


def deadlines(pace: Pace, started: float, running: Callable[[], int], seed: str) -> Iterator[float]:
    """An endless sequence of token deadlines on the clock of `started`. They are absolute, so delays do not accumulate."""
    factor = _factors(pace.jitter_fraction, pace.clamp_fraction, seed)
    due = started + pace.first_seconds * strain(pace, running()) * factor()
    while True:
        yield due
        now = running()
        due += (pace.itl_seconds + pace.slope_seconds * now) * strain(pace, now) * factor()


def strain(pace: Pace, running: int) -> float:
    """The slow-down factor under load: 1 for one running request, `load_factor` with all slots in use, linear in between."""
    if pace.load_factor == 1.0 or pace.slots < 2:
        return 1.0
    return 1.0 + (pace.load_factor - 1.0) * min(1.0, max(0, running - 1) / (pace.slots - 1))


# A token takes at least 0 seconds, so a large deviation cannot make time go backwards.
def _factors(deviation: float, clamp: float, seed: str) -> Callable[[], float]:
    if not deviation:
        return lambda: 1.0
    random = Random(seed)
    return lambda: max(0.0, 1.0 - clamp, min(1.0 + clamp, random.gauss(1.0, deviation)))


def _header(text: str) -> dict[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
        raise BehaviourError(f"header={text}: expected a name, a colon and a value, for example header=Retry-After: 7")
    return {name: value.strip()}


def _seconds(key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MAX_SECONDS:
        raise BehaviourError(f"{key}={text}: expected seconds, 0 to {MAX_SECONDS:.0f}")
    return value
