"""Which images are removed, and how the rest are listed. The engine is one in memory."""

from __future__ import annotations

from typing import Any

import pytest

from hivecheck.images.listing import ImageView, age
from hivecheck.images.prune import old_images, superfluous


class Shelf:
    """The engine of `old_images`: what is there, and what was removed."""

    def __init__(self, **kinds: list[dict[str, Any]]) -> None:
        self.kinds = kinds
        self.removed: list[str] = []

    def images(self, hivecheck_image: str) -> list[dict[str, Any]]:
        return self.kinds.get(hivecheck_image, [])

    def used_images(self) -> set[str]:
        return {"s7"}

    def remove(self, reference: str) -> None:
        self.removed.append(reference)


def test_old_images() -> None:
    """Old images are removed, except the newest five, the used and the current ones."""
    services = [{"Id": f"s{number}", "RepoTags": [f"hivecheck/services:{number}"]} for number in range(1, 10)]
    shelf = Shelf(services=services)
    assert (
        old_images(shelf, "hivecheck/services:8", "hivecheck/base:1") == ["hivecheck/services:6", "hivecheck/services:9"] == shelf.removed
    )


def test_foreign_name_kept() -> None:
    """A foreign name of an image is kept."""
    services = [{"Id": f"s{number}", "RepoTags": [f"hivecheck/services:{number}", "mine:1"]} for number in range(1, 7)]
    assert old_images(Shelf(services=services), "", "") == ["hivecheck/services:6"]


def test_nameless_stages() -> None:
    """Nameless stages are removed by their ID."""
    stages = [{"Id": "t1", "RepoTags": None}, {"Id": "t2", "RepoTags": ["<none>:<none>"]}, {"Id": "t3", "RepoTags": None}]
    assert old_images(Shelf(stage=stages), "", "") == ["t3"]


def test_few_images_kept() -> None:
    """A few images are all kept."""
    assert superfluous([{"Id": "1"}], 5, ()) == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, "0 s"), (5, "5 s"), (119, "119 s"), (300, "5 min"), (10_800, "3 hours"), (864_000, "10 days")]
)
def test_age_unit(seconds: float, words: str) -> None:
    """An age has one unit."""
    assert age(seconds) == words


def test_current_image_marked() -> None:
    """The current image is marked."""
    line = ImageView("hivecheck/services:1", 100, 158_000_000, "abc", "hivecheck/base:2", is_current=True).line(now=105)
    assert line.split() == ["*", "hivecheck/services:1", "5", "s", "158", "MB", "source", "abc", "on", "hivecheck/base:2"]
