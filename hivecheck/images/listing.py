"""The services' images that are here, for a person."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.images.build import REPOSITORY, current_tag
from hivecheck.platforms.docker.images import ImageEngine
from hivecheck.settings import Settings


@dataclass(frozen=True)
class ImageView:
    """One image: when it was made (epoch seconds), its size in bytes, the hash of its source, and whether a run would use it now."""

    tag: str
    created: int
    size_bytes: int
    source: str
    base: str
    is_current: bool

    def line(self, now: float) -> str:
        """One line of `hivecheck images list`."""
        mark = "*" if self.is_current else " "
        return f"{mark} {self.tag}  {age(now - self.created):>8}  {self.size_bytes / 1e6:4.0f} MB  source {self.source}  on {self.base}"


def age(seconds: float) -> str:
    """Roughly how long ago, in one unit."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def listing(settings: Settings) -> list[ImageView]:
    """Every services' image, the newest first. Raises ImageError when no daemon answers."""
    engine = ImageEngine.connect()
    current = current_tag(engine, settings)
    return [
        ImageView(tag, image["Created"], image["Size"], labels["hivecheck.source"], labels["hivecheck.base"], tag == current)
        for image in engine.images(hivecheck_image="services")
        for labels in [image["Labels"]]
        for tag in image["RepoTags"] or ()
        if tag.startswith(REPOSITORY)
    ]
