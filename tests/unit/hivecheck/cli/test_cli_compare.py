"""`hivecheck compare`: exit codes, refusals and the JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hivecheck.cli.main import main
from hivecheck.measurement.blast_radius import BlastRadius

SECONDS = 30


def load(path: Path, ttft: float = 0.2, **other: Any) -> str:
    """A file with a load result whose windows vary a little around this TTFT."""
    figures = [{"p50": ttft * (1 + 0.01 * (second * 7 % 5)), "p99": 2 * ttft, "count": 20} for second in range(SECONDS)]
    windows = [
        {"start": float(second), "sent": 20, "done": 20, "failed": 0, "tokens": 80, "ttft": one} for second, one in enumerate(figures)
    ]
    content = {"format": 1, "kind": "load", "valid": True, "invalid_reasons": [], "plan": {"model": "model-a"}, "windows": windows}
    path.write_text(json.dumps(content | other), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("ttft", "options", "code"), [(0.2, (), 0), (0.3, (), 1), (0.3, ("--tolerance", "0.6"), 0), (0.1, (), 0)])
def test_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str], ttft: float, options: tuple[str, ...], code: int) -> None:
    """Exit code 1 is a regression beyond noise and above the tolerance. An improvement is none."""
    assert main(["compare", load(tmp_path / "a"), load(tmp_path / "b", ttft), *options]) == code
    assert capsys.readouterr().out.splitlines()[0].startswith("A  ")


def test_invalid_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A load that judged itself invalid has no figures to compare, and the refusal gives its reason."""
    reason = {"code": "late", "sentence": "The client sent late."}
    assert main(["compare", load(tmp_path / "a"), load(tmp_path / "b", valid=False, invalid_reasons=[reason])]) == 2
    assert "The client sent late." in capsys.readouterr().err


def test_differing_plans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Results of two models have no verdict unless the person asks for one."""
    files = [load(tmp_path / "a"), load(tmp_path / "b", plan={"model": "model-b"})]
    assert main(["compare", *files]) == 2
    assert "model-b" in capsys.readouterr().out
    assert main(["compare", *files, "--across-plans"]) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [("[]", "another kind of JSON"), ("{", "Expecting"), ("{}", "another JSON file"), ('{"kind": "load", "format": 9}', "format 9")],
)
def test_other_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: str) -> None:
    """A file of another kind or format is refused with its name."""
    other = tmp_path / "other"
    other.write_text(content, encoding="utf-8")
    assert main(["compare", load(tmp_path / "a"), str(other)]) == 2
    assert words in capsys.readouterr().err


def test_damaged_result_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A load result without windows is refused, and is no crash."""
    assert main(["compare", load(tmp_path / "a"), load(tmp_path / "b", windows=[{"start": 1.0}])]) == 2
    assert "lacks a part" in capsys.readouterr().err


def test_two_kinds_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A load and an acceptance run have nothing to compare."""
    run = tmp_path / "result.json"
    run.write_text(json.dumps({"format": 3, "scenarios": {}}), encoding="utf-8")
    assert main(["compare", load(tmp_path / "a"), str(tmp_path)]) == 2
    assert "two of one kind" in capsys.readouterr().err


def test_json_file(tmp_path: Path) -> None:
    """The file for programs has the verdict, both names and every metric."""
    written = tmp_path / "comparison.json"
    main(["compare", load(tmp_path / "a"), load(tmp_path / "b", 0.3), "--json", str(written)])
    content = json.loads(written.read_text(encoding="utf-8"))
    assert (content["kind"], content["exit_code"], content["verdict"]) == ("comparison", 1, "regression")
    assert content["a"].endswith("/a")
    assert {one["name"]: one["judgement"] for one in content["changes"]}["ttft p50"] == "worse"


def scenario(name: str, status: str) -> dict[str, Any]:
    """A scenario of a result.json."""
    return {"name": name, "file": "features/x.feature", "line": 3, "status": status}


@pytest.mark.parametrize(("status", "code"), [("passed", 0), ("failed", 1), ("inconclusive", 0)])
def test_acceptance_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str, code: int) -> None:
    """A scenario that fails now is a regression, wherever an edit moved its line."""
    for folder, line, now in (("a", 3, "passed"), ("b", 9, status)):
        (tmp_path / folder).mkdir()
        content = {"format": 3, "scenarios": {f"features/x.feature:{line}": scenario("it works", now)}}
        (tmp_path / folder / "result.json").write_text(json.dumps(content), encoding="utf-8")
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == code
    assert "1 scenario in both runs" in capsys.readouterr().out


def soak(path: Path, finding: str, recovered: float = 1.0) -> str:
    """A file with the report of a soak with one leak finding and one recovery."""
    blast = dict.fromkeys(BlastRadius.__dataclass_fields__, 0)
    recovery = {
        "faults": ["a SIGKILL"],
        "fault_targets": ["worker-1"],
        "detect": None,
        "recover": recovered,
        "heal": 1.0,
        "watched": 9.0,
        "scheduled": 90,
        "good": 90,
        "outage_seconds": 0.0,
        "burn": 0.0,
        "blast": blast,
        "baseline_ttft_p95": 0.1,
        "lateness_p99": 0.0,
        "unsent": 0,
        "availability": 1.0,
        "cure": "self",
        "blast_share": 0.0,
    }
    leaks = {"orchestrator: threads": {"finding": finding, "slope": 1.0, "low": 0.9, "high": 1.1}}
    verdict = {"answer": "failed" if finding == "leak" else "passed", "message": ""}
    content = {"format": 1, "kind": "soak", "verdicts": {"no leak": verdict}, "leaks": leaks, "recoveries": {"round 2": recovery}}
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_soaks_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A leak that only the later soak has is a regression, and a recovery is compared by its round."""
    sound, leaking = soak(tmp_path / "a", "no leak"), soak(tmp_path / "b", "leak")
    assert main(["compare", sound, sound]) == 0
    assert main(["compare", sound, leaking]) == 1
    assert "orchestrator: threads" in capsys.readouterr().out


def test_other_soak_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report of a soak without its parts is refused."""
    other = tmp_path / "other"
    other.write_text('{"kind": "soak", "format": 1}', encoding="utf-8")
    assert main(["compare", soak(tmp_path / "a", "no leak"), str(other)]) == 2
    assert "lacks a part of a soak" in capsys.readouterr().err
