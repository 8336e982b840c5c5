"""docs/verdicts.md describes each status and each reason code."""

from __future__ import annotations

import re

from hivecheck.errors import Reason
from hivecheck.reports.recovery_table import HEADINGS
from hivecheck.reports.result import Status
from hivecheck.reports.text import PAGE
from hivecheck.settings import PROJECT_ROOT

ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def rows(heading: str) -> list[tuple[str, str, str]]:
    """The rows of the table below a heading: word, meaning, what to do."""
    page = (PROJECT_ROOT / PAGE).read_text(encoding="utf-8")
    return ROW.findall(page.partition(f"## {heading}\n")[2].partition("\n## ")[0])


def test_page_has_each_status() -> None:
    """The table of statuses lists exactly those of a scenario."""
    assert [word for word, _, _ in rows("Status")] == [str(status) for status in Status]


def test_page_has_each_reason_code() -> None:
    """The table of reason codes lists exactly those of the enum, in its order."""
    assert [word for word, _, _ in rows("Reason codes")] == [str(reason) for reason in Reason]


def test_page_has_each_column_of_the_recovery_table() -> None:
    """The section on the recovery table describes each column, in its order."""
    section = (PROJECT_ROOT / PAGE).read_text(encoding="utf-8").partition("## Recovery table\n")[2]
    assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == list(HEADINGS)
