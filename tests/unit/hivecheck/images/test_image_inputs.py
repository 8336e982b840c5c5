"""The tag of an image is a hash of all that goes into it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.images.base_image import Base
from hivecheck.images.build import Inputs, inputs_of
from hivecheck.settings import PROJECT_ROOT, Settings
from hivecheck.source_hash import source_hash

BASE = Base("hivecheck/base:x", "sha256:1", "3.11", "x86_64", "2.36")
INPUTS = Inputs(BASE, "a==1\n", {"Dockerfile": b"FROM x\n", "services/a.py": b"1\n"}, "abc")


@pytest.mark.parametrize(
    "changed",
    [
        replace(INPUTS, base=replace(BASE, id="sha256:2")),
        replace(INPUTS, requirements="a==2\n"),
        replace(INPUTS, files={"Dockerfile": b"FROM y\n", "services/a.py": b"1\n"}),
        replace(INPUTS, files={"Dockerfile": b"FROM x\n", "services/a.py": b"2\n"}),
        replace(INPUTS, files={"Dockerfile": b"FROM x\n", "services/b.py": b"1\n"}),
        replace(INPUTS, files={"Dockerfile": b"FROM x\n", "services/a.py": b"1\n", "services/b.py": b""}),
    ],
)
def test_tag_changes(changed: Inputs) -> None:
    """Another input gives another tag."""
    assert changed.tag != INPUTS.tag


def test_tag_is_stable() -> None:
    """The same inputs give the same tag."""
    assert INPUTS.tag == replace(INPUTS, files=dict(reversed(INPUTS.files.items()))).tag
    assert INPUTS.tag == f"hivecheck/services:{INPUTS.hash}" and len(INPUTS.hash) == 12


def test_byte_code_ignored(tmp_path: Path) -> None:
    """Byte code of a source that ran does not change the tag."""
    shutil.copytree(PROJECT_ROOT / "services", tmp_path / "services", ignore=shutil.ignore_patterns("__pycache__"))
    settings = Settings(services_root=tmp_path)
    before = inputs_of(settings, BASE)
    (tmp_path / "services" / "__pycache__").mkdir()
    (tmp_path / "services" / "__pycache__" / "wire.cpython-311.pyc").write_bytes(b"x")
    assert inputs_of(settings, BASE).tag == before.tag
    assert before.source == source_hash(tmp_path / "services")
