"""Reading what nodes wrote, each line once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.platforms.platform import Node
from hivecheck.stack.log_tail import LogTail

JOURNAL = "workers/worker-1/journal.jsonl"


@dataclass
class Paper(Node):
    """A node that is nothing but its files and its log."""

    name: str = "hive-1"
    service: str = "hive"
    url: str = ""
    contents: dict[str, bytes] = field(default_factory=dict)
    log: str = ""

    def files(self, pattern: str) -> list[str]:
        depth, name = pattern.count("/"), pattern.rpartition("/")[2]
        return [path for path in self.contents if path.endswith(name) and path.count("/") == depth]

    def read_file(self, relative: str, offset: int = 0) -> bytes:
        return self.contents.get(relative, b"")[offset:]

    def log_lines(self) -> list[str]:
        return self.log.removesuffix("\n").split("\n") if self.log else []


def entry(n: int, at: float = 0.0, **more: object) -> bytes:
    return json.dumps({"event": "arrival", "worker": "worker-1", "n": n, "monotonic": at} | more).encode() + b"\n"


def read(tail: LogTail) -> list[object]:
    """The numbers of the journal's new lines."""
    return [event.data.get("n") for event in tail.journal_lines()]


def test_line_read_once() -> None:
    """Each line is read once."""
    node = Paper(contents={JOURNAL: entry(1) + entry(2)})
    tail = LogTail([node])
    assert read(tail) == [1, 2]
    assert read(tail) == []
    node.contents[JOURNAL] += entry(3)
    assert read(tail) == [3]


def test_partial_journal_line() -> None:
    """A partial journal line is left for the next read."""
    node = Paper(contents={JOURNAL: entry(1) + entry(2)[:20]})
    tail = LogTail([node])
    assert read(tail) == [1]
    node.contents[JOURNAL] += entry(2)[20:]
    assert read(tail) == [2]


def test_partial_log_line() -> None:
    """A partial log line is left for the next read."""
    node = Paper(log='{"event": "one"}\n{"event": "tw')
    tail = LogTail([node])
    assert [event.data for event in tail.log_lines()] == [{"event": "one"}]
    node.log += 'o"}\n'
    assert [event.data for event in tail.log_lines()] == [{"event": "two"}]
    assert tail.log_lines() == []


@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_any_write_boundaries(cuts: list[int]) -> None:
    """Every line is read once and whole, whatever the write boundaries are."""
    text = b"".join(entry(n, text="a\u2028b\x85c ü") for n in range(4))
    node, seen = Paper(contents={JOURNAL: b""}), []
    tail = LogTail([node])
    for cut in [*cuts, len(text)]:
        node.contents[JOURNAL] = text[: len(node.contents[JOURNAL]) + cut]
        seen += read(tail)
    assert seen == [0, 1, 2, 3]


def test_unicode_separators() -> None:
    """Unicode line separators inside JSON do not split a line."""
    raw = '{"event": "arrival", "n": 1, "body": "a\u2028b\x85c"}\n'
    tail = LogTail([Paper(contents={JOURNAL: raw.encode()})])
    assert [event.data["body"] for event in tail.journal_lines()] == ["a\u2028b\x85c"]


@pytest.mark.parametrize("text", ["Traceback (most recent call last):", "[1, 2]", '"word"', "\ufffd"])
def test_plain_text_line(text: str) -> None:
    """A line that is not a JSON object is kept as text."""
    tail = LogTail([Paper(log=f'{text}\n{{"event": "next"}}\n')])
    assert [event.data for event in tail.log_lines()] == [{"text": text}, {"event": "next"}]


def test_skip_to_end() -> None:
    """Lines written before skip_to_end() are not read."""
    node = Paper(contents={JOURNAL: entry(1)}, log='{"event": "old"}\n')
    tail = LogTail([node])
    tail.skip_to_end()
    node.contents[JOURNAL] += entry(2)
    node.log += '{"event": "new"}\n'
    assert read(tail) == [2]
    assert [event.data["event"] for event in tail.log_lines()] == ["new"]


def test_time_order() -> None:
    """Lines of several workers come in the order of time."""
    one = Paper(contents={JOURNAL: entry(1, at=1.0) + entry(3, at=3.0)})
    two = Paper(name="worker-2", contents={"journal.jsonl": entry(2, at=2.0, worker="worker-2")})
    events = LogTail([one, two]).journal_lines()
    assert [(event.at, event.node) for event in events] == [(1.0, "worker-1"), (2.0, "worker-2"), (3.0, "worker-1")]


def test_managed_worker_log() -> None:
    """The log of a managed worker has the worker's own name."""
    line = b'{"event": "listening", "monotonic": 2.0}\n'
    node = Paper(contents={"workers/worker-1/log.jsonl": line}, log='{"event": "listening", "monotonic": 1.0}\n')
    assert [(event.node, event.kind) for event in LogTail([node]).log_lines()] == [("hive-1", "log"), ("worker-1", "log")]


def test_joined_node() -> None:
    """A node that joins later is read as well."""
    nodes = {"one": Paper(contents={JOURNAL: entry(1)})}
    tail = LogTail(nodes.values())
    assert read(tail) == [1]
    nodes["two"] = Paper(name="hive-2", contents={JOURNAL: entry(2)})
    assert read(tail) == [2]
