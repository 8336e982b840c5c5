"""`hivecheck load --search goodput`: refusals, exit codes, and probes that a second command goes on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hivecheck.cli.load_search import exit_code
from hivecheck.cli.main import main
from hivecheck.load.calibration import truth_server
from hivecheck.load.knee import Knee, Stop, probe_seed

SEARCH = ("load", "--url", "http://127.0.0.1:9/v1", "--model", "m", "--search", "goodput")
SLO = ("--slo", "ttft_p95<0.5")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "no --slo"),
        ((*SLO, "--rate", "5"), "without --rate"),
        ((*SLO, "--users", "5"), "without --users"),
        ((*SLO, "--arrivals", "ramp:1-5"), "steady rate"),
        ((*SLO, "--low", "50", "--high", "20"), "--low < --high"),
        ((*SLO, "--probe-seconds", "60", "--search-seconds", "30"), "time for a probe"),
    ],
)
def test_refusals(capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str) -> None:
    """Options that a search replaces, or that give it no question, are refused before the first request."""
    assert main([*SEARCH, *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("low", "high", "stop", "code"),
    [
        (90.0, 110.0, Stop.PRECISE, 0),
        (50.0, 200.0, Stop.SECONDS, 0),
        (50.0, None, Stop.SECONDS, 2),
        (900.0, None, Stop.EVERYTHING_HOLDS, 0),
        (None, 1.0, Stop.NOTHING_HOLDS, 1),
        (50.0, None, Stop.CLIENT_LIMIT, 2),
        (50.0, 200.0, Stop.INTERRUPTED, 2),
    ],
)
def test_exit_code(low: float | None, high: float | None, stop: Stop, code: int) -> None:
    """An interval with two ends is an answer, and so is a range that holds as a whole."""
    assert exit_code(Knee(low, high, 0.95, stop, ())) == code


def test_search_of_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each probe is in the file with its own seed, the answer is an interval, and the same command later repeats no probe."""
    with truth_server(0.01, 0.001) as url:
        command = [*SEARCH, *SLO, "--url", url, "--low", "5", "--high", "50", "--seed", "7", "--no-calibration", "--out", str(tmp_path)]
        bounds = ["--probe-seconds", "0.2", "--max-requests", "20", "--max-output-tokens", "4"]
        codes = [main([*command, *bounds]) for _ in range(2)]
    probes = [json.loads(line) for line in (tmp_path / "probes.jsonl").read_text().splitlines()[1:]]
    assert [one["number"] for one in probes] == list(range(len(probes)))
    assert (probes[0]["rate"], probes[0]["seed"]) == (5.0, probe_seed(7, 0))
    # Each bound allows for one more probe only while there is room for it, so the second command adds none.
    knee = json.loads((tmp_path / "knee.json").read_text())
    assert len(knee["probes"]) == len(probes)
    assert codes[0] == codes[1] == knee["exit_code"]
    assert "knee  ttft_p95<0.5 holds up to a rate between" in capsys.readouterr().out
