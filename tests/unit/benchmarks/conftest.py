"""The comparison with other engines, imported as its own folder does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from hivecheck.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    """Benchmarks are scripts: they import each other by their folder."""
    sys.path.insert(0, str(PROJECT_ROOT / "benchmarks"))
    try:
        import load_peers

        yield load_peers
    finally:
        sys.path.pop(0)
