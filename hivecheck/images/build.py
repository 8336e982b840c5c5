"""The services' image: its tag is a hash of all that goes into it, so it is built when, and only when, something changed."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hivecheck.images import base_image, docker_folder, prune, requirements, wheelhouse
from hivecheck.images.base_image import Base
from hivecheck.platforms.docker.images import ImageEngine
from hivecheck.settings import Settings
from hivecheck.source_hash import source_hash
from hivecheck.wording import Say

REPOSITORY = "hivecheck/services"


@dataclass(frozen=True)
class Inputs:
    """All that decides what the image is: the base, the locked requirements, and files by their path in the build's context."""

    base: Base
    requirements: str
    files: Mapping[str, bytes]
    source: str

    @property
    def hash(self) -> str:
        """12 hex digits over everything."""
        digest = hashlib.sha256(f"{self.base.id}\0{self.requirements}\0".encode())
        for name, data in sorted(self.files.items()):
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()[:12]

    @property
    def tag(self) -> str:
        return f"{REPOSITORY}:{self.hash}"


def build(settings: Settings, say: Say) -> str:
    """The tag of an image that runs every service of `settings.services_root`; built if it is not there. `say` gets progress lines.

    Raises ImageError when there is no daemon, no base, no wheels, or a step fails.
    """
    engine = ImageEngine.connect()
    if (current := current_tag(engine, settings)) and engine.image_id(current):
        return current
    with _alone(settings.cache_dir, say):
        base = base_image.known(engine, settings.base_image) or base_image.make(engine, settings.base_image, settings.cache_dir, say)
        inputs = inputs_of(settings, base)
        # Again within the lock: the run that held it may have built this image.
        if not engine.image_id(inputs.tag):
            _build(engine, inputs, settings.cache_dir, say)
            prune.old_images(engine, inputs.tag, base.reference)
    return inputs.tag


def current_tag(engine: ImageEngine, settings: Settings) -> str | None:
    """The tag that the image has or will have; None while its base is not here."""
    base = base_image.known(engine, settings.base_image)
    return inputs_of(settings, base).tag if base else None


def inputs_of(settings: Settings, base: Base) -> Inputs:
    """Read everything that goes into the image."""
    services = settings.services_root / "services"
    files = {"Dockerfile": docker_folder.file("Dockerfile").read_bytes()}
    for path in sorted(services.rglob("*")):
        # Byte code differs from run to run and would change the tag.
        if path.is_file() and path.suffix != ".pyc":
            files[f"services/{path.relative_to(services).as_posix()}"] = path.read_bytes()
    return Inputs(base, requirements.of_services(), files, source_hash(services))


def _build(engine: ImageEngine, inputs: Inputs, cache_dir: Path, say: Say) -> None:
    base = inputs.base
    wheels = wheelhouse.fetch(inputs.requirements, base.python, base.machine, base.glibc, cache_dir, say)
    files = dict(inputs.files) | {f"wheels/{name}": data for name, data in wheels.items()}
    files["wheels/requirements.txt"] = inputs.requirements.encode()
    labels = {"image": "services", "source": inputs.source, "inputs": inputs.hash, "base": base.reference}
    say(f"building {inputs.tag} on {base.reference}")
    engine.build(files, inputs.tag, {"BASE_IMAGE": base.reference}, {f"hivecheck.{key}": value for key, value in labels.items()}, "none")


@contextmanager
def _alone(cache_dir: Path, say: Say) -> Iterator[None]:
    """Two runs that start together build once: the second one waits, and finds the image."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / "images.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another hivecheck is building images: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
