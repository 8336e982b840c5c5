"""A stack for one measurement."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hivecheck.errors import HivecheckError
from hivecheck.settings import Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology


@contextmanager
def running(platform: str, kind: str) -> Iterator[Stack]:
    """A stack of the topology `kind`. Raises HivecheckError when something of it stays."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load({}, {"platform": platform})
        host = platform_factory.open_platform(platform, settings, f"bench-{os.getpid()}-{kind}", Path(folder), lambda sentence: None)
        stack = Stack(f"bench-{kind}", topology.load(kind), host, Timeouts())
        stack.up()
        try:
            yield stack
        finally:
            if left := stack.down():
                raise HivecheckError(f"expected: nothing left of the stack\nactual: {left}\nnext: hivecheck cleanup")
