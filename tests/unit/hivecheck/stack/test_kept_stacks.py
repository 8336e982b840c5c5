"""Which kept stack is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hivecheck.errors import UsageError
from hivecheck.stack import kept_stacks


def keep(reports: Path, run_id: str, name: str = "small") -> None:
    facts = {"run_id": run_id, "name": name, "topology": name, "platform": "process", "token": "t", "key": "k", "nodes": {}}
    folder = reports / "kept"
    folder.mkdir(exist_ok=True)
    (folder / f"{run_id}-{name}.json").write_text(json.dumps(facts))


def test_two_of_one_name_are_told_apart_by_their_run(tmp_path: Path) -> None:
    keep(tmp_path, "up-1")
    keep(tmp_path, "up-2")
    keep(tmp_path, "up-3", "default")
    with pytest.raises(UsageError, match=r"^2 stacks fit; name one. Up are: small \(up-1\), small \(up-2\), default\.$"):
        kept_stacks.the_stack(tmp_path, "small")
    assert kept_stacks.the_stack(tmp_path, "up-2").run_id == "up-2"
    assert kept_stacks.the_stack(tmp_path, "default").run_id == "up-3"


def test_a_name_that_is_not_up_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such stack is up.*Up are: none\.$"):
        kept_stacks.the_stack(tmp_path, "small")
