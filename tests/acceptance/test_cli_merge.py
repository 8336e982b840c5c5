"""Runs of the parts of a plan, and one result of all parts."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from sample_project import scenario

pytestmark = pytest.mark.slow


def names(project, folder):
    content = json.loads((project.folder / folder / "result.json").read_text())
    return {one["name"]: one["status"] for one in content["scenarios"].values()}


def run_part(project, part, *options):
    return project.run("-D", f"split={part}", "-D", f"report_dir=parts/{part.partition('/')[0]}", *options)


def merge(project, *arguments):
    command = [sys.executable, "-m", "hivecheck.cli", "merge", *arguments, "--output", "reports"]
    return subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False, timeout=40)


def write_feature(project, last="it works"):
    project.feature(*(scenario(f"It works {number}", "it works") for number in range(4)), scenario("It is last", last))


def test_parts_are_the_whole(project):
    """Two parts with different seeds run each scenario once, and their merge is one result of all."""
    write_feature(project)
    ended = [run_part(project, f"{number}/2", "-D", f"seed={number}") for number in (1, 2)]
    assert [one.exit_code for one in ended] == [0, 0], ended
    assert "part 1 of 2: 3 of 5 scenarios\n" in ended[0].output
    assert "part 2 of 2: 2 of 5 scenarios\n" in ended[1].output
    merged = merge(project, "parts/1", "parts/2/result.json")
    assert merged.returncode == 0, merged
    assert merged.stdout.splitlines()[0] == "hivecheck  2 parts, 5 scenarios"
    assert merged.stdout.splitlines()[-1].startswith("PASSED  5 passed, 0 failed")
    assert names(project, "reports") == names(project, "parts/1") | names(project, "parts/2")
    report = ElementTree.parse(project.folder / "reports" / "junit.xml").getroot()
    assert (report.get("tests"), report.get("failures"), report.get("errors")) == ("5", "0", "0")
    assert len(json.loads((project.folder / "reports" / "durations.json").read_text())["platforms"]["process"]) == 5


def test_failure_of_one_part(project):
    """A failure in one part is the exit code of the merge. Its command has the seed of its part."""
    write_feature(project, last="the answer is wrong")
    codes = [run_part(project, f"{number}/2", "-D", f"seed={number}").exit_code for number in (1, 2)]
    assert sorted(codes) == [0, 1]
    merged = merge(project, "parts/1", "parts/2")
    assert merged.returncode == 1
    assert "FAILED  1 failed; 4 passed" in merged.stdout
    assert f"--seed {codes.index(1) + 1}\n" in merged.stdout


def test_missing_and_doubled_part(project):
    """A missing and a doubled part have exit code 2, and no report of an earlier merge stays."""
    write_feature(project)
    for part in ("1/2", "2/2"):
        run_part(project, part)
    assert merge(project, "parts/1", "parts/2").returncode == 0
    for arguments, words in ((["parts/1"], "part 2 is missing"), (["parts/1", "parts/2", "parts/1"], "part 1 is in")):
        refused = merge(project, *arguments)
        assert (refused.returncode, words in refused.stderr) == (2, True), refused
        assert not (project.folder / "reports" / "junit.xml").exists()
        assert not (project.folder / "reports" / "result.json").exists()


def test_other_cut_is_refused(project):
    """Parts that were cut by different durations have exit code 2, because a scenario might be in none."""
    write_feature(project)
    run_part(project, "1/2")
    known = {f"features/sample.feature::It works {number}": 9.0 * (number == 1) for number in range(4)}
    project.write("parts/2/durations.json", json.dumps({"format": 1, "platforms": {"process": known}}))
    run_part(project, "2/2")
    refused = merge(project, "parts/1", "parts/2")
    assert (refused.returncode, "the same cut of the plan" in refused.stderr) == (2, True), refused


def test_empty_part(project):
    """A part without a scenario has exit code 2 and names itself. It does not spoil the merge."""
    project.feature(scenario("It is alone", "it works"))
    assert run_part(project, "1/2").exit_code == 0
    empty = run_part(project, "2/2")
    assert empty.exit_code == 2
    assert "NO VERDICT  part 2 of 2 has no scenario" in empty.last_line
    merged = merge(project, "parts/1", "parts/2")
    assert merged.returncode == 0, merged


@pytest.mark.parametrize("part", ["0/5", "6/5", "x"])
def test_wrong_part(project, part):
    """A part that no plan has is refused before a scenario starts."""
    project.feature(scenario("It runs", "it is noted that one runs"))
    ended = project.run("-D", f"split={part}")
    assert (ended.exit_code, project.notes()) == (2, [])
    assert f"actual: -D split={part}" in ended.output


def test_folder_without_a_result(project):
    """A folder without a result is named."""
    (project.folder / "parts").mkdir()
    refused = merge(project, "parts")
    assert refused.returncode == 2
    assert "there is no parts/result.json" in refused.stderr
