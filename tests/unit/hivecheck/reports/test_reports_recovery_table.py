"""The recovery figures of a scenario, in words and as data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hivecheck.history import History
from hivecheck.measurement.blast_radius import BlastRadius
from hivecheck.measurement.recovery import Recovery
from hivecheck.reports import recovery_table, summary
from hivecheck.reports.junit import write
from hivecheck.reports.result import Outcome, Planned, RunResult, Status

RECOVERED = Recovery(
    faults=("a SIGKILL",),
    fault_targets=("worker-1",),
    detect=0.021,
    recover=1.5,
    heal=None,
    watched=6.0,
    scheduled=300,
    good=297,
    outage_seconds=0.06,
    burn=1.0,
    blast=BlastRadius(4, broke=1, retried=1),
    baseline_ttft_p95=0.1,
    lateness_p99=0.002,
    unsent=0,
)
PLANNED = Planned("features/chaos/x.feature:3", "RandomFaults", "A worker dies", "features/chaos/x.feature", 3, ("WC-001",))
OUTCOME = Outcome(PLANNED, Status.PASSED, 4.0, recovery=RECOVERED)


def test_each_number_is_told_in_words() -> None:
    words = list(recovery_table.words(RECOVERED).values())
    assert words == [
        "a SIGKILL",
        "0.02 s",
        "1.50 s",
        "99.00%",
        "0.06 s",
        "1.0 x",
        "2 of 4",
        "itself",
    ]


def test_what_did_not_come_to_pass_is_said_to_be_so() -> None:
    words = recovery_table.words(replace(RECOVERED, detect=None, recover=None, blast=BlastRadius()))
    assert (words["detected"], words["back to normal"], words["streams hit"]) == ("not detected", "never (>= 6.0 s)", "none alive")
    assert words["recovered by"] == "nothing"


def test_healing_is_told_from_what_a_stack_did_itself() -> None:
    assert recovery_table.words(replace(RECOVERED, heal=3.0))["recovered by"] == "itself"
    assert recovery_table.words(replace(RECOVERED, heal=1.2))["recovered by"] == "removal at 1.20 s"
    assert recovery_table.words(replace(RECOVERED, good=300, recover=0.0))["recovered by"] == "none needed"


def test_several_victims_are_counted() -> None:
    assert recovery_table.words(replace(RECOVERED, fault_targets=("worker-1", "worker-2")))["fault"] == "a SIGKILL x 2"


def test_a_program_gets_every_number() -> None:
    data = json.loads(json.dumps(recovery_table.data(RECOVERED)))
    assert data["recover"] == 1.5 and data["heal"] is None
    assert (data["availability"], data["cure"], data["blast_share"], data["blast"]["broke"]) == (0.99, "self", 0.5, 1)


def test_the_table_has_a_line_for_each_scenario_with_numbers() -> None:
    plain = Outcome(replace(PLANNED, key="features/chaos/x.feature:9", line=9), Status.PASSED)
    head, line = recovery_table.table([OUTCOME, plain])
    assert head.split("  ")[0] == "scenario" and head.index("detected") == line.index("0.02 s")
    assert line.startswith("WC-001 features/chaos/x.feature:3  a SIGKILL")
    assert list(recovery_table.table([plain])) == []


def test_the_end_of_a_run_holds_the_table() -> None:
    result = RunResult("r1", 7, "process", "reference", (OUTCOME,))
    lines = [line.head + line.text for line in summary.ending(result, None, Path("r1"), Path.cwd())]
    assert list(recovery_table.table([OUTCOME])) == lines[1:3]


def test_a_junit_case_has_the_numbers_as_properties(tmp_path: Path) -> None:
    write(RunResult("r1", 7, "process", "reference", (OUTCOME,)), tmp_path / "junit.xml")
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="recovery.back_to_normal" value="1.50 s" />' in text
    assert '<property name="recovery.detected" value="0.02 s" />' in text


def test_without_a_fault_under_load_nothing_is_kept(tmp_path: Path) -> None:
    assert recovery_table.keep(History(), tmp_path) is None
    assert list(tmp_path.iterdir()) == []
