"""The X-Simulate syntax, and the length and pace of an answer."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import Any

import pytest

from services.worker.behaviour import NORMAL, Behaviour, BehaviourError, Fault, Length, deadlines, length_of, pace_of, parse
from services.worker.fault_types import FAULT_TYPES, accepted
from services.worker.settings import WorkerSettings


def settings(**fields: Any) -> WorkerSettings:
    return WorkerSettings(name="w", port=1, token="", **fields)


def due(count: int, running: int = 1, seed: str = "s", behaviour: Behaviour = NORMAL, prompt_tokens: int = 1, **fields: Any) -> list[float]:
    pace = pace_of(settings(**fields), behaviour, prompt_tokens)
    return list(islice(deadlines(pace, 100.0, lambda: running, seed), count))


def test_keys_in_any_order() -> None:
    """`parse` accepts the keys in any order."""
    assert parse("tokens=20; itl=0.05 ;fault=reset_after:3;ttft=0.8") == Behaviour(0.8, 0.05, 20, Fault("reset_after", 3))


def test_bare_part_is_fault() -> None:
    """A part without a key is a fault."""
    assert parse("ttft=1;status:503") == Behaviour(ttft_seconds=1.0, fault=Fault("status", 503))


def test_worker_and_headers() -> None:
    """A behaviour can name its worker and set headers."""
    behaviour = parse("at=worker-1;header=Retry-After: 7;header=X-Odd:a=b")
    assert behaviour == Behaviour(at="worker-1", headers={"Retry-After": "7", "X-Odd": "a=b"})
    assert (behaviour.concerns("worker-1"), behaviour.concerns("worker-2"), NORMAL.concerns("worker-2")) == (True, False, True)


def test_empty_text() -> None:
    """An empty text changes nothing."""
    assert parse("") == NORMAL


@pytest.mark.parametrize("kind", FAULT_TYPES)
def test_each_fault_by_name(kind: str) -> None:
    """Each fault of the table can be requested by name."""
    arguments = accepted(kind)
    text = kind if arguments is None else f"{kind}:{arguments[0]}"
    assert str(parse(f"fault={text}").fault) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed=3", "accepted keys: at, ttft, itl, tokens, header, fault"),
        ("header=Retry-After", "expected a name, a colon and a value"),
        ("header=Bad Name: 1", "expected a name, a colon and a value"),
        ("ttft=1;ttft=2", "given twice"),
        ("fault=explode", "accepted faults: status:<n>, foreign_status:<n>, refuse:<n>, reset"),
        ("fault=reset:3", "expected fault=reset"),
        ("fault=status", "expected fault=status:<n>"),
        ("fault=status:200", "from 400 to 599"),
        ("fault=exit:256", "from 0 to 255"),
        ("ttft=-1", "expected seconds, 0 to 3600"),
        ("itl=nan", "expected seconds"),
        ("tokens=0", "from 1 to"),
        ("tokens=²", "from 1 to"),
    ],
)
def test_invalid_text(text: str, message: str) -> None:
    """The message for an invalid text gives the accepted form."""
    with pytest.raises(BehaviourError, match=re.escape(message)):
        parse(text)


@pytest.mark.parametrize(
    ("tokens", "limit", "length"),
    [
        (None, None, Length(16, "stop")),
        (None, 5, Length(5, "length")),
        (None, 99, Length(40, "length")),
        (20, None, Length(20, "stop")),
        (20, 30, Length(20, "stop")),
        (20, 5, Length(5, "length")),
        (50, None, Length(40, "length")),
    ],
)
def test_length_limits(tokens: int | None, limit: int | None, length: Length) -> None:
    """The client's limit and the cap both limit an answer's length."""
    assert length_of(settings(default_output_tokens=16, max_output_tokens=40), Behaviour(tokens=tokens), limit) == length


def test_first_token_and_gaps() -> None:
    """The first token is due after TTFT and prefill, and each further one after the ITL."""
    times = due(3, prompt_tokens=10, ttft_seconds=1.0, prefill_seconds_per_token=0.5, itl_seconds=0.25)
    assert times == [106.0, 106.25, 106.5]


def test_gap_grows_with_load() -> None:
    """The gap between tokens grows with the number of running requests."""
    assert due(2, running=4, itl_seconds=1.0, itl_slope_seconds=0.5) == [100.0, 103.0]


def test_request_pace_wins() -> None:
    """A pace from the request replaces the settings, including prefill and slope."""
    behaviour = Behaviour(ttft_seconds=2.0, itl_seconds=1.0)
    assert due(2, behaviour=behaviour, ttft_seconds=9, prefill_seconds_per_token=9, itl_seconds=9, itl_slope_seconds=9) == [102.0, 103.0]


def test_jitter_is_seeded() -> None:
    """Jitter is reproducible by its seed, and times never decrease."""
    fields = {"ttft_seconds": 1.0, "itl_seconds": 1.0, "jitter_fraction": 2.0}
    times = due(200, **fields)
    assert times == due(200, **fields) != due(200, seed="other", **fields)
    assert times == sorted(times)


def test_jitter_deviation() -> None:
    """Jitter has the configured standard deviation."""
    times = due(4001, itl_seconds=1.0, jitter_fraction=0.1)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert (mean, deviation) == (pytest.approx(1.0, abs=0.01), pytest.approx(0.1, abs=0.01))


def test_jitter_clamp() -> None:
    """Jitter stays within its clamp."""
    times = due(500, itl_seconds=1.0, jitter_fraction=2.0, jitter_clamp_fraction=0.25)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) == pytest.approx(0.75)
    assert max(gaps) == pytest.approx(1.25)


@pytest.mark.parametrize(("running", "gap"), [(1, 1.0), (3, 2.0), (5, 3.0), (9, 3.0)])
def test_load_factor(running: int, gap: float) -> None:
    """All times grow linearly with the load, up to `load_factor`."""
    times = due(2, running=running, ttft_seconds=1.0, itl_seconds=1.0, load_factor=3.0, max_num_seqs=5)
    assert times == [100.0 + gap, 100.0 + 2 * gap]
