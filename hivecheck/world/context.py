"""What a step function receives from behave, as its type."""

from __future__ import annotations

from typing import Protocol

from hivecheck.world.world import World


class Ctx(Protocol):
    """behave's context. A step reads `context.world` and nothing else."""

    world: World
