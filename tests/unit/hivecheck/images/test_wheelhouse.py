"""Wheels for a Python that is not the host's."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivecheck.errors import ImageError
from hivecheck.images import wheelhouse


def test_glibc_tags() -> None:
    """Wheels for each glibc up to the base's own fit."""
    tags = wheelhouse.platform_tags("x86_64", "2.19")
    assert tags == ["manylinux_2_19_x86_64", "manylinux_2_18_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]


def test_machine_tags() -> None:
    """Wheels are those of the daemon's machine."""
    assert all(tag.endswith("_aarch64") for tag in wheelhouse.platform_tags("aarch64", "2.36"))


@pytest.mark.parametrize("glibc", ["2.16", "1.9"])
def test_old_base(glibc: str) -> None:
    """A base that is too old for wheels is refused."""
    with pytest.raises(ImageError, match=f"glibc 2.17 or newer; it has {glibc}"):
        wheelhouse.platform_tags("x86_64", glibc)


def test_existing_wheelhouse(tmp_path: Path) -> None:
    """An existing wheelhouse is not fetched again."""
    messages: list[str] = []
    assert wheelhouse.fetch("", "3.11", "x86_64", "2.36", tmp_path, messages.append) == {}
    assert wheelhouse.fetch("", "3.11", "x86_64", "2.36", tmp_path, messages.append) == {}
    assert messages == ["fetching wheels for Python 3.11 on x86_64"]


def test_pip_failure(tmp_path: Path) -> None:
    """A failed download is an error with the output of pip, and leaves nothing."""
    with pytest.raises(ImageError, match=r"(?s)should have fetched.*\| .*--index-url.*pip config list"):
        wheelhouse.fetch("--index-url\n", "3.11", "x86_64", "2.36", tmp_path, lambda line: None)
    assert list((tmp_path / "wheels").iterdir()) == []
