"""Wheels for a Python that is not the host's."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivecheck.errors import ImageError
from hivecheck.images import wheelhouse


def test_wheels_for_every_glibc_up_to_the_base_s_own_fit() -> None:
    tags = wheelhouse.platform_tags("x86_64", "2.19")
    assert tags == ["manylinux_2_19_x86_64", "manylinux_2_18_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]


def test_wheels_are_those_of_the_daemon_s_machine() -> None:
    assert all(tag.endswith("_aarch64") for tag in wheelhouse.platform_tags("aarch64", "2.36"))


@pytest.mark.parametrize("glibc", ["2.16", "1.9"])
def test_a_base_that_is_too_old_for_wheels_is_refused(glibc: str) -> None:
    with pytest.raises(ImageError, match=f"glibc 2.17 or newer; it has {glibc}"):
        wheelhouse.platform_tags("x86_64", glibc)


def test_a_wheelhouse_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    told: list[str] = []
    assert wheelhouse.fetch("", "3.11", "x86_64", "2.36", tmp_path, told.append) == {}
    assert wheelhouse.fetch("", "3.11", "x86_64", "2.36", tmp_path, told.append) == {}
    assert told == ["fetching wheels for Python 3.11 on x86_64"]


def test_what_pip_cannot_fetch_is_an_error_with_pip_s_words_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"(?s)should have fetched.*\| .*--index-url.*pip config list"):
        wheelhouse.fetch("--index-url\n", "3.11", "x86_64", "2.36", tmp_path, lambda line: None)
    assert list((tmp_path / "wheels").iterdir()) == []
