"""Stacks with another gateway for contract tests: a target from a text, its stack of topology small, up for one test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hivecheck.platforms.platform import Platform
from hivecheck.settings import Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.targets import target as targets
from hivecheck.targets.target import Target
from hivecheck.targets.topology_adapter import arranged
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology


def load(folder: Path, text: str) -> Target:
    """The target of this file."""
    file = folder / "toy.toml"
    file.write_text(text, encoding="utf-8")
    target = targets.load(str(file))
    assert target
    return target


def stack_of(target: Target, platform: Platform, folder: Path, timeouts: Timeouts | None = None) -> Stack:
    settings = Settings.load({}, {"report_dir": str(folder), "cache_dir": str(folder)})
    front = platform_factory.with_target(platform, target, settings, folder / "stacks")
    return Stack(f"small-{uuid.uuid4().hex[:4]}", arranged(topology.load("small"), target), front, timeouts or target.timeouts(), target)


@contextmanager
def up(stack: Stack) -> Iterator[Stack]:
    stack.up()
    try:
        yield stack
    finally:
        assert stack.down() == []
