"""Service level objectives such as `ttft_p99<0.5,goodput>=0.95`. Latencies are seconds, the rest are shares of the schedule. Pure."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hivecheck.errors import UsageError
from hivecheck.measurement.histogram import Histogram, exact_rank

LATENCIES = ("ttft", "ttfot", "itl", "tpot", "e2e")
PERCENTS: dict[str, float] = {"p50": 50, "p75": 75, "p90": 90, "p95": 95, "p99": 99, "p99.9": 99.9, "max": 100}
MAX_STALL = "max_stall"
COSTS = (MAX_STALL, "error_rate")  # less is better, as for latencies
GAINS = ("integrity_rate", "goodput")  # more is better
OPERATORS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
TERM = re.compile(r"\s*([a-z0-9_.]+)\s*(<=|>=|<|>)\s*(\S+)\s*")
FORM = f"{'|'.join(LATENCIES)} with _{'|_'.join(PERCENTS)}, or {', '.join((*COSTS, *GAINS))}"
EXAMPLE = "ttft_p99<0.5,error_rate<0.01"


@dataclass(frozen=True)
class Term:
    """One objective. `metric` is a latency, `max_stall` or a share. `percent` is that of a latency."""

    text: str
    metric: str
    percent: float
    comparison: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value meets the objective. NaN meets none."""
        return OPERATORS[self.comparison](value, self.limit)

    @property
    def is_latency(self) -> bool:
        """Whether each request has such a value of its own."""
        return self.metric in LATENCIES or self.metric == MAX_STALL


@dataclass(frozen=True)
class Judgement:
    """A term with what was measured. No sample means `actual` None, which never passes. `samples_above` lie above the percentile's rank."""

    term: str
    limit: float
    actual: float | None
    passed: bool
    samples: int
    samples_above: int


def parse(text: str) -> tuple[Term, ...]:
    """The terms of `--slo`, each with one comparison. No text: no terms. Raises UsageError."""
    terms = tuple(_term(word) for word in text.split(",")) if text.strip() else ()
    named = [(term.metric, term.percent) for term in terms]
    if twice := [term.text for place, term in enumerate(terms) if named.index((term.metric, term.percent)) != place]:
        raise _error("one limit for each term", f"a second one, {twice[0]}", "keep the stricter one")
    return terms


def judge(terms: Sequence[Term], latencies: Mapping[str, Histogram], shares: Mapping[str, tuple[int, int]]) -> tuple[Judgement, ...]:
    """Each term against the merged figures. A share is given as (numerator, denominator)."""
    return tuple(_judged(term, latencies, shares) for term in terms)


def is_within(terms: Sequence[Term], latencies: Mapping[str, float], gaps: Histogram | Sequence[float]) -> bool:
    """Whether one request is within every latency term, for goodput. A latency that the request lacks is no reason against it.

    The gaps of a request have percentiles of their own, so `itl_p99<0.05` compares that of the request.
    """
    for term in terms:
        if term.metric == "itl":
            ranked = sorted(gaps) if not isinstance(gaps, Histogram) else []
            value = ranked[max(1, math.ceil(exact_rank(term.percent, len(ranked)))) - 1] if ranked else math.nan
        elif term.is_latency:
            value = latencies.get(term.metric, math.nan)
        else:
            continue
        if not math.isnan(value) and not term.holds(value):
            return False
    return True


def _judged(term: Term, latencies: Mapping[str, Histogram], shares: Mapping[str, tuple[int, int]]) -> Judgement:
    if term.is_latency:
        histogram = latencies[term.metric]
        value, samples, above = histogram.percentile(term.percent), histogram.count, histogram.samples_above(term.percent)
    else:
        good, samples = shares[term.metric]
        value, above = good / samples if samples else math.nan, 0
    return Judgement(term.text, term.limit, value if samples else None, bool(samples) and term.holds(value), samples, above)


def _term(word: str) -> Term:
    found = TERM.fullmatch(word)
    if not found:
        raise _error(f"terms such as {EXAMPLE}", f"{word.strip() or 'an empty term'}", f"write NAME<NUMBER; names: {FORM}")
    name, comparison, number = found.groups()
    metric, _, quantile = name.partition("_")
    if name in COSTS or name in GAINS:
        metric, percent = name, 100.0
    elif metric in LATENCIES and quantile in PERCENTS:
        percent = PERCENTS[quantile]
    else:
        raise _error("a known term", name, f"use {FORM}")
    needed = ">" if name in GAINS else "<"
    if comparison[0] != needed:
        raise _error(f"{name}{needed}NUMBER", word.strip(), "turn the comparison: a higher goodput is better, a lower latency is better")
    return Term(f"{name}{comparison}{number}", metric, percent, comparison, _limit(name, number))


def _limit(name: str, number: str) -> float:
    is_share = name in GAINS or name == "error_rate"
    expected = f"a share from 0 to 1 for {name}" if is_share else f"seconds for {name}, 0 or more"
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 <= value <= (1 if is_share else math.inf) or math.isinf(value):
        raise _error(expected, number, "write a number without a unit, such as 0.5")
    return value


def _error(expected: str, actual: str, next_step: str) -> UsageError:
    return UsageError(f"expected: {expected}\nactual: {actual}\nnext: {next_step}")
