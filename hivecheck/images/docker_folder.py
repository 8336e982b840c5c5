"""The files of the folder docker/, from which images are built. A wheel holds them as `hivecheck.docker`, as setup.cfg maps them."""

from __future__ import annotations

from pathlib import Path

from hivecheck.settings import PROJECT_ROOT

PACKAGED = PROJECT_ROOT / "hivecheck" / "docker"


def file(name: str) -> Path:
    """The file with this path below docker/."""
    # Not the other order: beside an installed hivecheck, `docker` is the SDK.
    return (PACKAGED if PACKAGED.is_dir() else PROJECT_ROOT / "docker") / name
