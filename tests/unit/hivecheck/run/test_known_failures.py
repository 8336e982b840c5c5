"""Known failures: the file, the scenarios that it names, and how an outcome counts."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hivecheck.errors import Reason, UsageError
from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.run.known_failures import KnownFailures, load

TODAY = datetime.date(2026, 11, 30)
CHAT = Planned("features/chat.feature:3", "Chat", "A chat is answered", "features/chat.feature", 3)
ENTRY = '[[failure]]\nscenario = "A chat is answered"\nreason = "no retry"\nlink = "https://x/1"\nexpires = 2026-11-30\n'


def known(folder: Path, text: str = ENTRY, today: datetime.date = TODAY) -> KnownFailures:
    path = folder / "known_failures.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, today)


def test_missing_file_lists_none(tmp_path: Path) -> None:
    """Without the file nothing is known."""
    outcome = Outcome(CHAT, Status.FAILED)
    assert load(tmp_path / "known_failures.toml", TODAY).judged(outcome) is outcome


@pytest.mark.parametrize(
    ("status", "counts_as"),
    [
        (Status.FAILED, Status.KNOWN_FAILURE),
        (Status.PASSED, Status.UNEXPECTED_PASS),
        (Status.INCONCLUSIVE, Status.INCONCLUSIVE),
        (Status.BLOCKED, Status.BLOCKED),
        (Status.NOT_SUPPORTED, Status.NOT_SUPPORTED),
        (Status.KNOWN_FAILURE, Status.KNOWN_FAILURE),
    ],
)
def test_status(status: Status, counts_as: Status, tmp_path: Path) -> None:
    """An entry concerns a failure and a pass, until the end of its last day."""
    assert known(tmp_path).judged(Outcome(CHAT, status)).status is counts_as


def test_start_failure_stays(tmp_path: Path) -> None:
    """A stack that fails at its start is more than the failure of one scenario, so the entry does not hide it."""
    outcome = Outcome(CHAT, Status.FAILED, is_start_failure=True)
    assert known(tmp_path).judged(outcome) is outcome


def test_reason_is_listed(tmp_path: Path) -> None:
    """The message of a known failure has reason, link and date. Its own message stays in the detail."""
    judged = known(tmp_path).judged(Outcome(CHAT, Status.FAILED, message="503"))
    assert judged.message == "known failure: no retry (https://x/1, until 2026-11-30)"
    assert judged.detail == "503"


def test_expired_entry(tmp_path: Path) -> None:
    """A day later the failure is one, with a line about the entry. A pass is a pass."""
    entries = known(tmp_path, today=TODAY + datetime.timedelta(days=1))
    judged = entries.judged(entries.judged(Outcome(CHAT, Status.FAILED)))
    assert judged.status is Status.FAILED
    assert [note.partition(" expired on ")[2] for note in judged.notes] == ["2026-11-30: no retry (https://x/1)"]
    assert entries.judged(Outcome(CHAT, Status.PASSED)).status is Status.PASSED


def test_name_with_file(tmp_path: Path) -> None:
    """An entry with file and name concerns the scenario of that file only."""
    entries = known(tmp_path, ENTRY.replace("A chat", "features/chat.feature::A chat"))
    other = Planned("features/b.feature:3", "B", CHAT.name, "features/b.feature", 3)
    assert entries.judged(Outcome(CHAT, Status.FAILED)).status is Status.KNOWN_FAILURE
    assert entries.judged(Outcome(other, Status.FAILED)).status is Status.FAILED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENTRY.replace('link = "https://x/1"\n', ""), r"entry 1 \('A chat is answered'\): the entry lacks link"),
        (ENTRY + 'owner = "x"\n', "the entry has the unknown field owner"),
        (ENTRY.replace("2026-11-30", '"soon"'), "expires = 'soon'"),
        (ENTRY.replace("2026-11-30", "2026-11-30T10:00:00"), "expires = '2026-11-30 10:00:00'"),
        (ENTRY.replace("2026-11-30", "7"), "expires = '7'"),
        (ENTRY.replace('"no retry"', '" "'), "a text for reason"),
        (ENTRY.replace('"no retry"', "3"), "reason = 3"),
        (ENTRY + ENTRY, "one entry for each scenario"),
        ("[[failures]]\n", "has failures"),
        ("failure = 3\n", "has failure"),
        ("[[failure]\n", "known_failures.toml: .*line 1"),
    ],
)
def test_wrong_file(text: str, words: str, tmp_path: Path) -> None:
    """A wrong file is refused with its name and the entry or line."""
    with pytest.raises(UsageError, match=words) as refusal:
        known(tmp_path, text)
    assert "known_failures.toml" in str(refusal.value)
    assert refusal.value.reason is Reason.USAGE_ERROR


def test_quoted_date(tmp_path: Path) -> None:
    """A date in quotes is a date."""
    assert known(tmp_path, ENTRY.replace("2026-11-30", '"2026-11-30"')).entries[0].expires == TODAY


def test_scenario_must_exist(tmp_path: Path) -> None:
    """An entry may name a scenario that is not selected. An unknown or doubled name is refused."""
    entries = known(tmp_path)
    entries.must_exist([CHAT], frozenset)
    entries.must_exist([], lambda: frozenset({(CHAT.file, CHAT.name)}))
    with pytest.raises(UsageError, match="did you mean 'A chat is answere'"):
        entries.must_exist([], lambda: frozenset({(CHAT.file, "A chat is answere")}))
    with pytest.raises(UsageError, match=r"names 2\nnext: give one of b::A chat is answered and features/chat\.feature::A"):
        entries.must_exist([], lambda: frozenset({(CHAT.file, CHAT.name), ("b", CHAT.name)}))
