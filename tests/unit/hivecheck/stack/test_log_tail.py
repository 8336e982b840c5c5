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


def test_each_line_is_read_once() -> None:
    node = Paper(contents={JOURNAL: entry(1) + entry(2)})
    tail = LogTail([node])
    assert read(tail) == [1, 2]
    assert read(tail) == []
    node.contents[JOURNAL] += entry(3)
    assert read(tail) == [3]


def test_a_line_that_is_still_being_written_is_left_for_the_next_look() -> None:
    node = Paper(contents={JOURNAL: entry(1) + entry(2)[:20]})
    tail = LogTail([node])
    assert read(tail) == [1]
    node.contents[JOURNAL] += entry(2)[20:]
    assert read(tail) == [2]


def test_a_log_line_that_is_still_being_written_is_left_for_the_next_look() -> None:
    node = Paper(log='{"event": "one"}\n{"event": "tw')
    tail = LogTail([node])
    assert [event.data for event in tail.log_lines()] == [{"event": "one"}]
    node.log += 'o"}\n'
    assert [event.data for event in tail.log_lines()] == [{"event": "two"}]
    assert tail.log_lines() == []


@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_however_the_writes_are_cut_every_line_is_read_once_and_whole(cuts: list[int]) -> None:
    text = b"".join(entry(n, text="a\u2028b\x85c ü") for n in range(4))
    node, seen = Paper(contents={JOURNAL: b""}), []
    tail = LogTail([node])
    for cut in [*cuts, len(text)]:
        node.contents[JOURNAL] = text[: len(node.contents[JOURNAL]) + cut]
        seen += read(tail)
    assert seen == [0, 1, 2, 3]


def test_separators_that_json_need_not_escape_do_not_tear_a_line() -> None:
    raw = '{"event": "arrival", "n": 1, "body": "a\u2028b\x85c"}\n'
    tail = LogTail([Paper(contents={JOURNAL: raw.encode()})])
    assert [event.data["body"] for event in tail.journal_lines()] == ["a\u2028b\x85c"]


@pytest.mark.parametrize("text", ["Traceback (most recent call last):", "[1, 2]", '"word"', "\ufffd"])
def test_a_line_that_is_no_json_object_is_kept_as_text(text: str) -> None:
    tail = LogTail([Paper(log=f'{text}\n{{"event": "next"}}\n')])
    assert [event.data for event in tail.log_lines()] == [{"text": text}, {"event": "next"}]


def test_what_was_there_before_belongs_to_somebody_else() -> None:
    node = Paper(contents={JOURNAL: entry(1)}, log='{"event": "old"}\n')
    tail = LogTail([node])
    tail.skip_to_end()
    node.contents[JOURNAL] += entry(2)
    node.log += '{"event": "new"}\n'
    assert read(tail) == [2]
    assert [event.data["event"] for event in tail.log_lines()] == ["new"]


def test_lines_of_several_workers_come_in_the_order_of_time() -> None:
    one = Paper(contents={JOURNAL: entry(1, at=1.0) + entry(3, at=3.0)})
    two = Paper(name="worker-2", contents={"journal.jsonl": entry(2, at=2.0, worker="worker-2")})
    events = LogTail([one, two]).journal_lines()
    assert [(event.at, event.node) for event in events] == [(1.0, "worker-1"), (2.0, "worker-2"), (3.0, "worker-1")]


def test_a_managed_worker_s_log_is_read_under_its_own_name() -> None:
    line = b'{"event": "listening", "monotonic": 2.0}\n'
    node = Paper(contents={"workers/worker-1/log.jsonl": line}, log='{"event": "listening", "monotonic": 1.0}\n')
    assert [(event.node, event.kind) for event in LogTail([node]).log_lines()] == [("hive-1", "log"), ("worker-1", "log")]


def test_a_node_that_joins_later_is_read_too() -> None:
    nodes = {"one": Paper(contents={JOURNAL: entry(1)})}
    tail = LogTail(nodes.values())
    assert read(tail) == [1]
    nodes["two"] = Paper(name="hive-2", contents={JOURNAL: entry(2)})
    assert read(tail) == [2]
