"""The record of lines: the program that marks lines in a real process, and what the harness makes of the marks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from hivecheck.mutation.generated import line_record
from hivecheck.mutation.generated.line_record import LineRecord, Ran
from hivecheck.reports.result import Planned
from hivecheck.run.line_hits import FOLDER, LineHits
from hivecheck.source_hash import source_hash

SERVICE = '''"""A service."""

from __future__ import annotations

import sys


def answer(word: str) -> str:
    """Its answer."""
    if word == "a":
        return "yes"
    try:
        return {"b": "no"}[word]
    except KeyError:
        return "what"


for line in sys.stdin:
    print(answer(line.strip()), flush=True)
'''
A_LINES, B_LINES, OTHER_LINES = {10, 11, 18, 19}, {10, 12, 13}, {10, 12, 13, 15}


def planned(name: str) -> Planned:
    return Planned("a.feature:1", "A", name, "a.feature", 1)


def test_marks_of_a_process(tmp_path: Path) -> None:
    """Each scenario has the lines that ran in it, also when SIGKILL ends the node. The sources keep their hash."""
    root, overlay = tmp_path / "root", tmp_path / "overlay"
    (root / "services").mkdir(parents=True)
    (root / "services/__init__.py").write_text("")
    (root / "services/echo.py").write_text(SERVICE)
    table = line_record.prepare(root, overlay)
    hits = LineHits(overlay)
    environment = {"PYTHONPATH": str(overlay), "HIVECHECK_STACK": "default-1", "HIVECHECK_NODE": "node1", "PATH": os.environ["PATH"]}
    node = subprocess.Popen(
        [sys.executable, "-P", "-m", "services.echo"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert ask(node, "a") == "yes"
        hits.stack_started("default-1", "default")
        assert ask(node, "b") == "no"
        hits.scenario_ended("default-1", planned("the one with b"))
        assert ask(node, "a") == "yes"
        hits.forget("default-1")
        assert ask(node, "c") == "what"
    finally:
        node.send_signal(signal.SIGKILL)
        node.communicate()
    hits.scenario_ended("default-1", planned("the one with c"))
    hits.scenario_ended("default-1", planned("the one without a line"))
    entries = line_record.entries(overlay)
    record = line_record.assemble(entries, table, {("a.feature", "the one with b"): 1.5}, "hash", is_whole=True)
    with_b, with_c = record.scenarios
    assert (with_b.name, with_b.seconds, with_b.count()) == ("the one with b", 1.5, len(lines(with_b)))
    assert lines(with_b) >= B_LINES
    assert 11 not in lines(with_b)
    assert lines(with_c) >= OTHER_LINES
    start = record.starts["default"]["echo"]["services/echo.py"]
    assert bits(start) >= A_LINES
    assert source_hash(root / "services") == source_hash(overlay / "services")


def ask(node: subprocess.Popen[str], word: str) -> str:
    assert node.stdin and node.stdout
    node.stdin.write(word + "\n")
    node.stdin.flush()
    return node.stdout.readline().strip()


def bits(mask: str) -> set[int]:
    return {line for line in range(100) if int(mask, 16) >> line & 1}


def lines(ran: Ran) -> set[int]:
    return bits(ran.lines["echo"]["services/echo.py"])


def test_no_overlay_no_record(tmp_path: Path) -> None:
    """In an ordinary run nothing is read and nothing is written."""
    hits = LineHits(tmp_path)
    hits.stack_started("default-1", "default")
    hits.scenario_ended("default-1", planned("one"))
    assert not (tmp_path / FOLDER).exists()


def ran(name: str, mask: int, topology: str = "default") -> Ran:
    return Ran("a.feature", name, topology, 1.0, {"worker": {"services/a.py": f"{mask:x}"}})


def test_running() -> None:
    """The scenarios of a line; for a line of the start alone, those of its topologies."""
    start = {"default": {"hive": {"services/a.py": f"{0b110000:x}"}}}
    record = LineRecord("hash", True, [ran("one", 0b0110), ran("two", 0b1000), ran("three", 0b1000, "other")], start)
    assert [one.name for one in record.running([("services/a.py", 2)])] == ["one"]
    assert [one.name for one in record.running([("services/a.py", 5)])] == ["one", "two"]
    assert record.running([("services/a.py", 9)]) == []
    assert ran("one", 0b0110).services("services/a.py", 1) == ["worker"]


def test_merged() -> None:
    """A scenario that was recorded again replaces its old lines. All others stay."""
    old = LineRecord("hash", True, [ran("one", 1), ran("two", 2)], {"default": {"hive": {"services/a.py": "1"}}})
    new = LineRecord("hash", False, [ran("two", 4)], {"default": {"hive": {"services/a.py": "2"}}})
    merged = old.merged(new)
    assert merged.is_whole
    assert [(one.name, one.lines) for one in merged.scenarios] == [("one", ran("one", 1).lines), ("two", ran("two", 4).lines)]
    assert merged.starts["default"]["hive"]["services/a.py"] == "3"


def test_load(tmp_path: Path) -> None:
    """A record counts for its own source only. A file that nothing can read counts as none."""
    path = tmp_path / line_record.FILE
    assert line_record.load(path, "hash") is None
    line_record.save(path, LineRecord("hash", scenarios=[ran("one", 1)]))
    found = line_record.load(path, "hash")
    assert found and found.scenarios == [ran("one", 1)]
    assert line_record.load(path, "other") is None
    path.write_text("{")
    assert line_record.load(path, "hash") is None
