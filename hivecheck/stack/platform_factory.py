"""Chooses the platform of a run and opens it, with an up-to-date image where it needs one. Starts no node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hivecheck.errors import PlatformError, UsageError
from hivecheck.platforms import PLATFORMS
from hivecheck.platforms.platform import Platform, PlatformContext
from hivecheck.settings import KEPT_FOLDER, PROJECT_ROOT, Settings
from hivecheck.targets import environments
from hivecheck.targets.target import Target

FALLBACK = "process"
WITHOUT_IT = "no faults of network, memory or CPU, no isolation between nodes"


def choose(settings: Settings, say: Callable[[str], None]) -> str:
    """The platform's name: the one asked for; else docker where a daemon answers, and processes where none does.

    Raises UsageError for an unknown name; PlatformError when no daemon can be worked with and docker was asked for, by name or by CI.
    """
    if settings.platform and settings.platform not in PLATFORMS:
        raise UsageError(f"There is no platform {settings.platform!r}. Known: {', '.join(PLATFORMS)}.")
    if settings.platform not in ("", "docker"):
        return settings.platform
    from hivecheck.platforms.docker.engine import connect

    try:
        connect().close()
    except PlatformError as error:
        if settings.platform:  # known before the image is built
            raise
        if settings.ci:
            raise PlatformError(f"{error} In CI there is no fall-back: ask for it with --platform {FALLBACK}.") from None
        say(f"{error} Running on local processes: {WITHOUT_IT}.")
        return FALLBACK
    return "docker"


def open_platform(name: str, settings: Settings, run_id: str, folder: Path, say: Callable[[str], None]) -> Platform:
    """The platform, ready to start nodes. Raises PlatformError or ImageError when it cannot be."""
    return opener(name, settings, run_id, folder, say)()


def opener(name: str, settings: Settings, run_id: str, folder: Path, say: Callable[[str], None]) -> Callable[[], Platform]:
    """Opens the platform, as often as it is called: once for each process. The image is up to date. Raises ImageError."""
    is_overlay = settings.services_root != PROJECT_ROOT
    # Another source is laid over the image's own, read-only: quicker than an image for each planted defect.
    image = _image(replace(settings, services_root=PROJECT_ROOT), say) if name == "docker" else ""
    context = PlatformContext(run_id, folder, settings.services_root, settings.report_dir / KEPT_FOLDER, image, is_overlay)
    return lambda: PLATFORMS[name](context)


def without_image(name: str, settings: Settings, run_id: str, folder: Path) -> Platform:
    """The platform for its capabilities alone. It starts no node, so no image is built."""
    return PLATFORMS[name](PlatformContext(run_id, folder, settings.services_root, settings.report_dir / KEPT_FOLDER, "", False))


def with_target(platform: Platform, target: Target, settings: Settings, folder: Path) -> Platform:
    """The platform with the target's gateway for its orchestrators. Raises TargetError when the two do not go together."""
    from hivecheck.targets.target_platform import TargetPlatform

    home = environments.home(settings.cache_dir, target)
    return TargetPlatform(platform, target, folder, home, settings.report_dir / KEPT_FOLDER)


def _image(settings: Settings, say: Callable[[str], None]) -> str:
    from hivecheck import images  # not at the top, so that a process run does not wait for Docker's libraries

    return images.build(settings, say)
