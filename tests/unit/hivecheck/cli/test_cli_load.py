"""The command `hivecheck load`, from its options to exit code, output and files, against a server of known truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hdrh.log import HistogramLogReader

from hivecheck.cli.main import main
from hivecheck.load import result
from hivecheck.load.calibration import truth_server

ANY_LATENESS = ("--lateness-limit", "3600")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with truth_server(0.0, 0.0) as url:
        yield url


def run(url: str, out: Path, *words: str) -> int:
    """Ten requests within half a second, without a calibration."""
    common = ("--url", url, "--model", "m", "--rate", "20", "--duration", "0.5", "--no-calibration", "--seed", "7", "--out", str(out))
    return main(["load", *common, *ANY_LATENESS, *words])


def test_passed(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Objectives that are met give exit code 0, and the first line of the report answers "client or server?"."""
    assert run(url, tmp_path, "--slo", "error_rate<0.01,ttft_p99<60") == 0
    lines = capsys.readouterr().out.splitlines()
    answer = next(place for place, line in enumerate(lines) if line.startswith("client or server?"))
    assert "It is the server" in lines[answer] and lines[answer + 1].startswith("PASSED")
    assert any("intended time" in line for line in lines) and "(repeat with --seed)" in lines[-1]
    data = result.read(tmp_path)
    assert data["valid"] and data["seed"] == 7 and data["totals"]["done"] == 10 and data["calibration"] is None
    assert sum(window["sent"] for window in data["windows"]) == 10


def test_failed(url: str, tmp_path: Path) -> None:
    """Streams that are cut after 3 of 16 tokens give 0 % success and exit code 1, in JUnit as well."""
    words = ("--header", "X-Truth: defect=cut;at=3", "--max-output-tokens", "16", "--slo", "error_rate<0.01,e2e_p99<60,ttft_max<60")
    assert run(url, tmp_path, *words) == 1
    suite = ElementTree.parse(tmp_path / "load.xml").getroot()[0]
    cases = {case.get("name"): [element.tag for element in case] for case in suite.iter("testcase")}
    assert cases == {"the run is valid": [], "error_rate<0.01": ["failure"], "e2e_p99<60": ["failure"], "ttft_max<60": ["failure"]}
    assert json.loads((tmp_path / "load.json").read_text())["totals"]["outcomes"] == {"truncated": 10}


def test_invalid(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rate that the client cannot keep is INVALID: exit code 2, the client is named first, and JUnit has errors."""
    words = ("--rate", "200000", "--stream-share", "0", "--max-output-tokens", "1", "--lateness-limit", "0", "--slo", "error_rate<1")
    assert run(url, tmp_path, *words) == 2
    output = capsys.readouterr().out
    assert "It is the client" in output and "INVALID" in output
    suite = ElementTree.parse(tmp_path / "load.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("2", "2", "0")


def test_hdr_log(url: str, tmp_path: Path) -> None:
    """The log of histograms is read by the tools of the format."""
    run(url, tmp_path)
    reader = HistogramLogReader(str(tmp_path / "load.hdr"), reference_histogram=_reference())
    histograms = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        histograms[histogram.get_tag()] = histogram.get_total_count()
    assert histograms["ttft"] == 10 and histograms["e2e"] == 10 and "failed" not in histograms


def _reference() -> object:
    from hdrh.histogram import HdrHistogram

    return HdrHistogram(1, 24 * 3600 * 1_000_000, 3)


def test_calibration(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A calibration precedes the run, and its error stands in the report and in the result."""
    words = ("--url", url, "--model", "m", "--users", "2", "--duration", "0.5", "--think", "0.1", "--out", str(tmp_path), *ANY_LATENESS)
    assert main(["load", *words]) == 0
    calibration = result.read(tmp_path)["calibration"]
    assert calibration["done"] > 0 and calibration["truth"] == {"ttft": 0.05, "itl": 0.01}
    # A busy machine adds time, and no machine makes the truth shorter than the resolution of its timer.
    assert calibration["error"]["ttft_p99"] > -0.005
    assert "error against a server of known truth" in capsys.readouterr().out


def test_caps_and_prices(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cap ends the run in good order, and prices give an estimate before and the cost after the run."""
    words = ("--rate", "200", "--duration", "20", "--max-requests", "5", "--price-in", "1000000", "--price-out", "1000000")
    assert run(url, tmp_path, *words) == 0
    output = capsys.readouterr().out
    assert "at most about 480.0000" in output and "stopped  max_requests after" in output
    assert result.read(tmp_path)["totals"]["sent"] == 4


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        (("--rate", "-5"), "a number above 0 for --rate"),
        (("--users", "3"), "together"),
        (("--slo", "ttft<1"), "a known term"),
        (("--url", "http://127.0.0.1:1/v1"), "connection refused"),
        (("--key-env", "HIVECHECK_NO_KEY"), "HIVECHECK_NO_KEY"),
        (("--url", "http://192.0.2.7/v1"), "--max-requests"),
        (("--carriers", "ssh:2"), "a known carrier"),
        (("--carriers", "local:0"), "above 0"),
        (("--carriers", "docker:hivecheck-no-such-context:1"), "hivecheck-no-such-context"),
        (("--carriers", "docker:unix:///nowhere/docker.sock:1"), "a Docker engine that answers"),
        (("--carriers", "docker:ssh://somewhere:1"), "ssh -L"),
        (("--carriers", "local:3", "--max-requests", "5"), "--max-requests of 6"),
    ],
)
def test_bad_usage(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], phrase: str) -> None:
    """Bad usage gives exit code 2 and a message with what to do, and writes nothing."""
    assert run(url, tmp_path / "out", *words) == 2
    error = capsys.readouterr().err
    assert phrase in error and "next: " in error and not (tmp_path / "out").exists()


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The help shows the kinds of load, the objectives and the exit codes."""
    with pytest.raises(SystemExit):
        main(["load", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert all(words in text for words in ("--rate", "--users", "--trace", "ttft_p99<0.5", "Exit code 0", "5% of the mean gap"))


def test_shards(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A load in two processes has one report, with a line for each shard."""
    assert run(url, tmp_path, "--carriers", "local:2", "--slo", "error_rate<0.01") == 0
    output = capsys.readouterr().out
    assert "shard 0  local process" in output and "shard 1  local process" in output
    data = result.read(tmp_path)
    assert data["totals"]["done"] == 10 and [shard["sent"] for shard in data["shards"]] == [5, 5]
