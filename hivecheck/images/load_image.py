"""The image of a load shard: the services' image with hivecheck itself and what its load engine imports. Built like that one."""

from __future__ import annotations

import hashlib

from hivecheck.images import base_image, docker_folder, prune, requirements, wheelhouse
from hivecheck.images.build import build
from hivecheck.platforms.docker import contexts
from hivecheck.platforms.docker.images import CALL_SECONDS, ImageEngine
from hivecheck.settings import PROJECT_ROOT, Settings
from hivecheck.wording import Say

REPOSITORY = "hivecheck/load"
DOCKERFILE = "load/Dockerfile"
# Of what hivecheck.load imports, what the services do not import.
LIBRARIES = ["hdrhistogram"]


def on_context(settings: Settings, context: str, say: Say) -> str:
    """The tag of an image that the engine of this context has; built here and copied there if it lacks it.

    Raises UsageError for an unknown context, PlatformError for an engine that does not answer, ImageError for anything else.
    """
    client = contexts.connect(context, CALL_SECONDS)
    try:
        there, here = ImageEngine(client), ImageEngine.connect()
        tag = _built(settings, here, say)
        if not there.image_id(tag):
            say(f"copying {tag} to the engine of {context}")
            here.copy(tag, there)
        return tag
    finally:
        client.close()


def _built(settings: Settings, engine: ImageEngine, say: Say) -> str:
    services = build(settings, say)
    source = PROJECT_ROOT / "hivecheck"
    files = {
        f"hivecheck/{path.relative_to(source).as_posix()}": path.read_bytes() for path in sorted(source.rglob("*.py")) if path.is_file()
    }
    files["Dockerfile"] = docker_folder.file(DOCKERFILE).read_bytes()
    locked = requirements.closure(docker_folder.file("requirements.lock").read_text(encoding="utf-8"), LIBRARIES)
    digest = hashlib.sha256(f"{services}\0{locked}\0".encode())
    for name, data in sorted(files.items()):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    tag = f"{REPOSITORY}:{digest.hexdigest()[:12]}"
    if engine.image_id(tag):
        return tag
    base = base_image.known(engine, settings.base_image)
    assert base is not None, "the services' image was just built on it"
    wheels = wheelhouse.fetch(locked, base.python, base.machine, base.glibc, settings.cache_dir, say)
    context = files | {f"wheels/{name}": data for name, data in wheels.items()} | {"wheels/requirements.txt": locked.encode()}
    say(f"building {tag} on {services}")
    engine.build(context, tag, {"SERVICES_IMAGE": services}, {"hivecheck.image": "load"}, "none")
    # Each edit of hivecheck makes another one, and the services' image is built seldom.
    for old in prune.superfluous(engine.images(hivecheck_image="load"), prune.KEPT["load"], engine.used_images()):
        for name in old["RepoTags"] or ():
            engine.remove(name)
    return tag
