"""Where nodes run. Each platform is one file and one row here; its libraries are loaded when it is opened, not before."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.platforms.platform import Platform, PlatformContext


def _docker(context: PlatformContext) -> Platform:
    from hivecheck.platforms.docker.docker_platform import DockerPlatform

    return DockerPlatform(context)


def _process(context: PlatformContext) -> Platform:
    from hivecheck.platforms.process import ProcessPlatform

    return ProcessPlatform(context)


PLATFORMS: dict[str, Callable[[PlatformContext], Platform]] = {
    "docker": _docker,
    "process": _process,
}
