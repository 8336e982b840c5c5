"""Which kept stack is meant."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from hivecheck.errors import UsageError
from hivecheck.stack import kept_stacks


def keep(reports: Path, run_id: str, name: str = "small", nodes: Mapping[str, object] | None = None) -> None:
    facts = {"run_id": run_id, "name": name, "topology": name, "platform": "process", "token": "t", "key": "k", "nodes": nodes or {}}
    folder = reports / "kept"
    folder.mkdir(exist_ok=True)
    (folder / f"{run_id}-{name}.json").write_text(json.dumps(facts))


def test_same_name_needs_run(tmp_path: Path) -> None:
    """Two kept stacks of one name are selected by their run."""
    keep(tmp_path, "up-1")
    keep(tmp_path, "up-2")
    keep(tmp_path, "up-3", "default")
    with pytest.raises(UsageError) as refused:
        kept_stacks.the_stack(tmp_path, "small", "hivecheck down {}", "hivecheck down --all")
    assert "2 stacks are up: small (up-1), small (up-2)" in str(refused.value)
    assert "`hivecheck down up-1` or `hivecheck down up-2` or `hivecheck down --all`" in str(refused.value)
    assert kept_stacks.the_stack(tmp_path, "up-2", "").run_id == "up-2"
    assert kept_stacks.the_stack(tmp_path, "default", "").run_id == "up-3"


def test_unknown_name_lists_stacks(tmp_path: Path) -> None:
    """An unknown name is refused with the list of kept stacks."""
    with pytest.raises(UsageError, match=r"no such stack is up.*Up are: none\.$"):
        kept_stacks.the_stack(tmp_path, "small", "")


def test_log_of_worker(tmp_path: Path) -> None:
    """The log of a worker is refused with the command for the log of its hive."""
    keep(tmp_path, "up-1", nodes={"hive-1": {"service": "hive", "url": "http://127.0.0.1:1", "log": None}})
    with pytest.raises(UsageError, match=r"^worker-1 is a process of hive-1; use `hivecheck logs hive-1`"):
        kept_stacks.show_log(kept_stacks.the_stack(tmp_path, "small", ""), "worker-1", follow=False, out=io.StringIO())


def test_newer_format_is_refused(tmp_path: Path) -> None:
    """The file of a newer hivecheck is refused with both format numbers."""
    keep(tmp_path, "up-1")
    path = tmp_path / "kept" / "up-1-small.json"
    path.write_text(json.dumps({"format": kept_stacks.FORMAT + 1} | json.loads(path.read_text())))
    with pytest.raises(UsageError, match=rf"has format {kept_stacks.FORMAT + 1}, and this hivecheck reads formats up to"):
        kept_stacks.kept_stacks(tmp_path)
