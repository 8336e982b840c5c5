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


def test_words() -> None:
    """Each figure has words."""
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


def test_missing_figures() -> None:
    """A figure that was not observed is stated as such."""
    words = recovery_table.words(replace(RECOVERED, detect=None, recover=None, blast=BlastRadius()))
    assert (words["detected"], words["back to normal"], words["streams hit"]) == ("-", "never (>= 6.0 s)", "none alive")
    assert words["recovered by"] == "nothing"


def test_recovered_by() -> None:
    """A removal differs from a recovery by the stack itself."""
    assert recovery_table.words(replace(RECOVERED, heal=3.0))["recovered by"] == "itself"
    assert recovery_table.words(replace(RECOVERED, heal=1.2))["recovered by"] == "removal at 1.20 s"
    assert recovery_table.words(replace(RECOVERED, good=300, recover=0.0))["recovered by"] == "none needed"


def test_several_targets() -> None:
    """Several fault targets are counted."""
    assert recovery_table.words(replace(RECOVERED, fault_targets=("worker-1", "worker-2")))["fault"] == "a SIGKILL x 2"


def test_data() -> None:
    """The data has each figure."""
    data = json.loads(json.dumps(recovery_table.data(RECOVERED)))
    assert data["recover"] == 1.5 and data["heal"] is None
    assert (data["availability"], data["cure"], data["blast_share"], data["blast"]["broke"]) == (0.99, "self", 0.5, 1)


def test_table() -> None:
    """The table has a line for each scenario with figures."""
    plain = Outcome(replace(PLANNED, key="features/chaos/x.feature:9", line=9), Status.PASSED)
    head, line = recovery_table.table([OUTCOME, plain])
    assert head.split("  ")[0] == "scenario" and head.index("detected") == line.index("0.02 s")
    assert line.startswith("WC-001 features/chaos/x.feature:3  a SIGKILL")
    assert list(recovery_table.table([plain])) == []


def test_table_at_end() -> None:
    """The end of a run has the table."""
    result = RunResult("r1", 7, "process", "reference", (OUTCOME,))
    lines = [line.head + line.text for line in summary.ending(result, None, Path("r1"), Path.cwd())]
    assert list(recovery_table.table([OUTCOME])) == lines[1:3]


def test_junit_properties(tmp_path: Path) -> None:
    """A test case has the figures as properties."""
    write(RunResult("r1", 7, "process", "reference", (OUTCOME,)), tmp_path / "junit.xml")
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="recovery.back_to_normal" value="1.50 s" />' in text
    assert '<property name="recovery.detected" value="0.02 s" />' in text


def test_nothing_to_keep(tmp_path: Path) -> None:
    """Without a fault under load there is no file."""
    assert recovery_table.keep(History(), tmp_path) is None
    assert list(tmp_path.iterdir()) == []
