"""The table of the comparison, its notes, and where its figures come from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hivecheck.settings import PROJECT_ROOT


def row(figures: Mapping[str, float], *problems: str, limits: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"version": "1.2", "figures": dict(figures), "limits": list(limits), "problems": list(problems)}


def test_columns_are_aligned(bench: ModuleType) -> None:
    """Each figure ends below the end of its title, and an unmeasured one is a dash."""
    rows = {"ours": row({"streams_per_cpu_second": 7000.4}), "inference-perf": row({})}
    head, ours, peer = bench.table.lines(rows, 160)
    end = head.index("streams/CPU-s") + len("streams/CPU-s")
    assert ours[:end].endswith("  7000") and peer[:end].endswith(" -")


def test_notes_keep_their_column(bench: ModuleType) -> None:
    """A long note goes on below its own row and hides no figure."""
    rows = {"ours": row({}), "aiperf": row({}, "cut: " + "long " * 30, limits=("ttft: no open loop",))}
    head, ours, *noted = bench.table.lines(rows, 160)
    column = head.index("notes")
    assert noted[0][column:].startswith("ttft: no open loop; cut: long") and len(noted) > 1
    assert all(line[:column].isspace() for line in noted[1:]) and len(ours) < column


def test_ratio_to_ours(bench: ModuleType) -> None:
    """The ratio is the peer's rate as a share of ours, and one without a rate has none."""
    rows = {"ours": row({"streams_per_cpu_second": 8000.0}), "locust": row({"streams_per_cpu_second": 2000.0}), "wrk": row({})}
    bench.compare(rows)
    assert [one["figures"].get("ratio_to_ours") for one in rows.values()] == [1.0, 0.25, None]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"ttft_at_once": 1000.0, "ttft_sent_percent": 100.0}, []),
        ({"ttft_at_once": 300.0, "ttft_sent_percent": 100.0}, ["300 of 1000 streams at once"]),
        ({"ttft_at_once": 1000.0, "ttft_sent_percent": 60.0}, ["sent 60 % of the schedule"]),
    ],
)
def test_smaller_load_is_named(bench: ModuleType, figures: Mapping[str, float], expected: list[str]) -> None:
    """An engine that does not bring the load of the case says so beside its times."""
    assert bench.shortfalls("ttft", figures) == expected


def test_peer_that_cannot_be_installed(bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its row has the version that was tried and the reason, and the benchmark goes on."""
    from peers.locust_peer import LocustPeer

    peer = LocustPeer()
    peer.oldest_python = (3, 99)
    made = bench.measure(peer, bench.CASES, tmp_path, 7)
    assert made["version"] == peer.packages[0].split("==")[1] and made["figures"] == {}
    assert "needs Python 3.99" in made["problems"][0] and "needs Python 3.99" in capsys.readouterr().out


@pytest.mark.parametrize("found", ["left", "installed"])
def test_no_mark_of_this_installation(bench: ModuleType, tmp_path: Path, found: str) -> None:
    """A folder without a mark, or with one that does not name the packages, is no installation. A mark that names them is one."""
    from peers.locust_peer import LocustPeer

    peer = LocustPeer()
    peer.oldest_python = (3, 99)
    place = bench.environments.folder(tmp_path, peer)
    place.mkdir()
    (place / found).touch()
    with pytest.raises(bench.NotInstalledError):
        bench.environments.must_be_installed(tmp_path, peer)
    assert not place.exists()
    place.mkdir()
    (place / "installed").write_text(f"{peer.packages[0]}\n")
    assert bench.environments.must_be_installed(tmp_path, peer) == place / "bin"


def test_packages_are_pinned(bench: ModuleType) -> None:
    """Each peer of the package index has its version among its constraints, and each constraint is one version."""
    for peer in bench.PEERS:
        if peer.packages:
            lines = (bench.environments.CONSTRAINTS / f"{peer.name}.txt").read_text().splitlines()
            assert peer.packages[0] in lines
            assert all(line.count("==") == 1 for line in lines)


def test_end_without_report(bench: ModuleType) -> None:
    """The reason names the exit code or the time that was too short, and the last words are one line without frames."""
    from peers import observation

    assert observation._end(bench._case("cut"), 1) == "exit code 1"
    assert observation._end(bench._case("cut"), None) == "not ended within 122 s"
    assert observation._last_words("│ Error:\n│  no tokenizer │\n╰──╯\n") == "Error: no tokenizer"


def test_commit_of_results(tmp_path: Path) -> None:
    """The commit is that of the checkout, with a mark for changes. Results are no change."""
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    script = tmp_path / "benchmarks" / "provenance.py"
    script.write_text((PROJECT_ROOT / "benchmarks" / "provenance.py").read_text())
    result = tmp_path / "benchmarks" / "results" / "load.json"
    result.write_text("{}")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    def commit() -> str:
        code = "import json, provenance; print(json.dumps(provenance.commit()))"
        done = subprocess.run([sys.executable, "-c", code], cwd=script.parent, check=True, capture_output=True, text=True)
        return str(json.loads(done.stdout))

    result.write_text('{"a": 1}')
    assert commit() == head[:12]
    script.write_text(script.read_text() + "\n# changed\n")
    assert commit() == f"{head[:12]}-dirty"
