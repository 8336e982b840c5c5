"""Which of our images are no longer worth their disk space. Touches nothing without our label, and nothing in use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hivecheck.platforms.docker.images import ImageEngine

KEPT_IMAGES = 5
# The step that installs the wheels leaves an image without a name, which is the cache of the next build; one for each of two bases.
KEPT_STAGES = 2
KEPT_BASES = 3
KEPT = {"services": KEPT_IMAGES, "load": KEPT_IMAGES, "base": KEPT_BASES, "rootfs": KEPT_BASES, "stage": KEPT_STAGES}


def old_images(engine: ImageEngine, current: str, base: str) -> list[str]:
    """Remove all but the newest of each kind, the current image and its base; returns the names (or ids) of those removed."""
    used = engine.used_images()
    gone: list[str] = []
    for kind, kept in KEPT.items():
        for image in superfluous(engine.images(hivecheck_image=kind), kept, used):
            names = [name for name in image["RepoTags"] or () if name != "<none>:<none>"]
            gone += [name for name in names if name.startswith("hivecheck/")] if names else [image["Id"]]
    gone = [name for name in gone if name not in {current, base}]
    for name in gone:
        engine.remove(name)
    return gone


def superfluous(newest_first: Sequence[Mapping[str, Any]], kept: int, used: Collection[str]) -> list[Mapping[str, Any]]:
    """Those beyond the newest `kept` that no container uses."""
    return [image for image in newest_first[kept:] if image["Id"] not in used]
