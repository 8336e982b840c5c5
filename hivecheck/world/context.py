"""What a step function receives from behave, as its type."""

from __future__ import annotations

from typing import Any, Protocol

from hivecheck.world.world import World

# Limits of a check that a phrase of a step stands for.
Limits = dict[str, Any]


class Ctx(Protocol):
    """behave's context. A step reads `context.world` and nothing else."""

    world: World
