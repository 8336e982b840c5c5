"""Options of `hivecheck load`: what they plan, and the messages about those that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hivecheck.cli import load_options
from hivecheck.errors import UsageError
from hivecheck.load.plan import Plan
from hivecheck.load.schedule import Arrivals, Trace, Users
from hivecheck.load.trace_file import HEADER

FORM = r"expected: .*\nactual: .*\nnext: "
SERVER = {"url": "http://127.0.0.1:8000/v1", "model": "m"}


def planned(scenario: Path | None = None, environ: dict[str, str] | None = None, **given: Any) -> Plan:
    return load_options.plan(load_options.read(given, scenario), 7, environ or {})


def message(scenario: Path | None = None, **given: Any) -> str:
    with pytest.raises(UsageError, match=FORM) as error:
        planned(scenario, **given)
    return str(error.value)


def test_rate() -> None:
    """A rate gives an open loop of a minute, and unnamed options their defaults."""
    plan = planned(**SERVER, rate=50.0, slo="ttft_p99<0.5")
    assert isinstance(plan.schedule, Arrivals) and len(plan.schedule.intended_seconds(7)) == 3000
    assert (plan.seed, plan.stream_share, plan.slo) == (7, 1.0, "ttft_p99<0.5")


def test_users() -> None:
    """Users start within their think time."""
    schedule = planned(**SERVER, users=100, think=2.0, turns=3, duration=10.0).schedule
    assert schedule == Users(100, 10.0, 2.0, 2.0, 3)


def test_trace(tmp_path: Path) -> None:
    """A trace gives its own duration."""
    (tmp_path / "t.jsonl").write_text(f'{HEADER}\n{{"at": 0, "input_tokens": 5}}\n{{"at": 4, "input_tokens": 5}}\n')
    schedule = planned(**SERVER, trace=str(tmp_path / "t.jsonl")).schedule
    assert isinstance(schedule, Trace) and schedule.duration_seconds == 8.0


def test_scenario(tmp_path: Path) -> None:
    """A scenario file holds any option, whole numbers included, and the command line overrides it."""
    file = tmp_path / "s.toml"
    file.write_text('url = "http://127.0.0.1:1/v1"\nmodel = "m"\nrate = 50\nduration = 10\nmax-output-tokens = 8\nheader = ["X-A: b"]\n')
    plan = planned(file, duration=2.0)
    assert plan.schedule.duration_seconds == 2.0 and plan.max_output_tokens == 8 and plan.headers == {"X-A": "b"}


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("rat = 5", "did you mean rate?"),
        ("xyz = 5", "use one of url"),
        ("rate = 'fast'", "rate"),
        ("rate 5", "correct the file"),
        ("duration = -1\nrate = 1", "above 0 for --duration"),
    ],
)
def test_bad_scenario(tmp_path: Path, text: str, phrase: str) -> None:
    """A message about a scenario file names the file and the option."""
    file = tmp_path / "s.toml"
    file.write_text(text)
    assert phrase in message(file, **SERVER)


@pytest.mark.parametrize(
    ("given", "phrase"),
    [
        ({"rate": 5.0}, "no --url and no --model"),
        ({"url": "http://127.0.0.1:1/v1", "rate": 5.0}, "no --model"),
        (SERVER, "none of --rate"),
        ({**SERVER, "rate": 5.0, "users": 3}, "--rate or --arrivals and --users together"),
        ({**SERVER, "rate": -5.0}, "above 0 for --rate"),
        ({**SERVER, "rate": 0.0}, "above 0 for --rate"),
        ({**SERVER, "rate": float("nan")}, "above 0 for --rate"),
        ({**SERVER, "users": 0}, "above 0 for --users"),
        ({**SERVER, "rate": 5.0, "think": 1.0}, "--think, --turns and --stagger with --users"),
        ({**SERVER, "rate": 5.0, "stream_share": 1.5}, "a share from 0 to 1 for --stream-share"),
        ({**SERVER, "rate": 5.0, "drain": -1.0}, "0 or more, for --drain"),
        ({**SERVER, "rate": 5.0, "arrivals": "often"}, "poisson"),
        ({**SERVER, "rate": 5.0, "slo": "speed<1"}, "a known term"),
        ({**SERVER, "rate": 5.0, "key_env": "NO_SUCH"}, "export NO_SUCH"),
        ({**SERVER, "rate": 5.0, "header": ("nonsense",)}, "put a colon"),
        ({**SERVER, "rate": 5.0, "header": ("X-A: b\r\nX-C: d",)}, "without line breaks"),
        ({**SERVER, "trace": "/no/such.jsonl"}, "/no/such.jsonl"),
        ({"url": "gateway/v1", "model": "m", "rate": 5.0}, "a URL such as"),
        ({"url": "http://no-such-host.invalid/v1", "model": "m", "rate": 5.0}, "no-such-host.invalid"),
    ],
)
def test_bad_options(given: dict[str, Any], phrase: str) -> None:
    """Bad options give a message with what is expected and what to do."""
    assert phrase in message(**given)


def test_foreign_server_needs_a_cap() -> None:
    """A server of another machine needs a cap on requests or tokens. A server of this machine needs none."""
    foreign = {"url": "http://192.0.2.7/v1", "model": "m", "rate": 5.0}
    assert "--max-requests" in message(**foreign)
    assert planned(**foreign, max_requests=10).caps.requests == 10
    assert planned(**foreign, max_tokens=1000).caps.tokens == 1000


@pytest.mark.parametrize(("url", "is_foreign"), [("http://127.0.0.2:1", False), ("http://[::1]:1", False), ("http://192.0.2.7", True)])
def test_is_foreign(url: str, is_foreign: bool) -> None:
    """Loopback addresses belong to this machine, those of a documentation network do not."""
    assert load_options.is_foreign(url) is is_foreign


def test_most_spent() -> None:
    """The estimate is the least bound of caps and schedule. Users without a cap have none."""
    million = 1_000_000
    rate = planned(**SERVER, rate=10.0, duration=10.0, prompt_tokens=20, max_output_tokens=30, warm_up=0)
    assert load_options.most_spent(rate, million, 2 * million) == 100 * (20 + 60)
    capped = planned(**SERVER, rate=10.0, duration=10.0, prompt_tokens=20, max_output_tokens=30, max_requests=3)
    assert load_options.most_spent(capped, million, 2 * million) == 3 * 80
    assert load_options.most_spent(planned(**SERVER, users=3), 1, 1) == float("inf")
    assert load_options.most_spent(planned(**SERVER, users=3, max_tokens=50), million, 2 * million) == 100
