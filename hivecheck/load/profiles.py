"""The words of a person for a schedule: `poisson`, `gamma:2`, `ramp:10-100`, `steps:10,50,100`, `spike:200@20+5`. Pure."""

from __future__ import annotations

import math
import re

from hivecheck.errors import UsageError
from hivecheck.load.schedule import Arrivals, Segment

FORMS = {
    "constant": "even gaps at --rate",
    "poisson": "random arrivals at --rate",
    "gamma:CV": "arrivals at --rate with gaps of this coefficient of variation: above 1 comes in bursts",
    "ramp:FROM-TO": "the rate goes from one figure to the other during the run",
    "steps:RATE,RATE,...": "each rate for an equal part of the run",
    "spike:RATE@AT+SECONDS": "this rate for some seconds, AT seconds after the start, and --rate before and after",
}
OWN_RATES = ("ramp", "steps")
NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"


def arrivals(words: str, rate: float | None, seconds: float) -> Arrivals:
    """The open-loop schedule of `--arrivals`, `--rate` and `--duration`. Raises UsageError for words that are none."""
    kind, _, argument = words.partition(":")
    if kind in OWN_RATES and rate is not None:
        raise refusal(
            f"--arrivals {kind} without --rate, because it holds its own rates", f"--arrivals {words} --rate {rate:g}", "omit --rate"
        )
    if kind not in OWN_RATES and rate is None:
        raise refusal("a rate in requests per second", f"--arrivals {words} without --rate", "add --rate, such as --rate 50")
    base = rate or 0.0
    if kind in ("constant", "poisson") and not argument:
        return Arrivals((Segment(seconds, base, base),), 1.0 if kind == "poisson" else 0.0)
    if kind == "gamma" and (found := re.fullmatch(NUMBER, argument)) and float(found[1]) > 0:
        return Arrivals((Segment(seconds, base, base),), float(found[1]))
    if kind == "ramp" and (found := re.fullmatch(f"{NUMBER}-{NUMBER}", argument)):
        return _with_requests(words, Arrivals((Segment(seconds, float(found[1]), float(found[2])),)))
    if kind == "steps" and re.fullmatch(f"{NUMBER}(,{NUMBER})*", argument):
        rates = [float(text) for text in argument.split(",")]
        return _with_requests(words, Arrivals(tuple(Segment(seconds / len(rates), one, one) for one in rates)))
    if kind == "spike" and (found := re.fullmatch(rf"{NUMBER}@{NUMBER}\+{NUMBER}", argument)):
        return _spike(words, base, seconds, *(float(text) for text in found.groups()))
    forms = "; ".join(f"{form} ({sentence})" for form, sentence in FORMS.items())
    raise refusal("the arrivals of an open loop", f"--arrivals {words}", f"use one of: {forms}")


def _spike(words: str, base: float, seconds: float, height: float, at: float, lasting: float) -> Arrivals:
    if not (lasting > 0 and at + lasting <= seconds):
        raise refusal(f"a spike within the {seconds:g} s of the run", f"--arrivals {words}", "give it an earlier begin or fewer seconds")
    parts = [(at, base), (lasting, height), (seconds - at - lasting, base)]
    return _with_requests(words, Arrivals(tuple(Segment(length, one, one) for length, one in parts if length > 0)))


def _with_requests(words: str, made: Arrivals) -> Arrivals:
    if math.fsum(segment.requests for segment in made.segments) <= 0:
        raise refusal("a rate above 0", f"--arrivals {words}", "give at least one rate above 0")
    return made


def refusal(expected: str, actual: str, next_step: str) -> UsageError:
    """The message about a bad option."""
    return UsageError(f"expected: {expected}\nactual: {actual}\nnext: {next_step}")
