"""Which image the services' image is built on: the one that was named, the official one, or one bootstrapped here.

Each base gets iptables and iproute2 where they are missing. It is kept as `hivecheck/base:<name>-<hash>`.
Its labels describe its Python. An existing base is not made again.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hivecheck.errors import ImageError
from hivecheck.images import bootstrap, docker_folder
from hivecheck.platforms.docker.images import ImageEngine
from hivecheck.wording import Say

REPOSITORY = "hivecheck/base"
OFFICIAL_IMAGE = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
DOCKERFILE = "base/Dockerfile"
OLDEST_PYTHON = (3, 11)
# Long enough for a registry on another continent, short enough to wait for where there is none.
REGISTRY_SECONDS = 5
QUESTION = """
import json, platform, shutil, sys
facts = {"python": "%d.%d" % sys.version_info[:2], "machine": platform.machine(), "glibc": platform.libc_ver()[1]}
print(json.dumps(facts | {"missing": [name for name in ("iptables", "ip") if not shutil.which(name)]}))
"""


@dataclass(frozen=True)
class Facts:
    """What an image's Python says of itself; `missing` are the commands of a network fault that the image has not."""

    python: str
    machine: str
    glibc: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Base:
    """A base that is ready: its name and id, and what wheels must fit (`python` 3.11, `machine` x86_64, `glibc` 2.36)."""

    reference: str
    id: str
    python: str
    machine: str
    glibc: str


def known(engine: ImageEngine, named: str) -> Base | None:
    """The base to use if it is here already; asks no registry. `named` is the setting `base_image`."""
    labels = {"hivecheck_image": "base", "hivecheck_recipe": recipe()}
    if named:
        identifier = engine.image_id(named)
        found = engine.images(hivecheck_from=identifier, **labels) if identifier else []
    else:
        found = engine.images(hivecheck_choice="automatic", **labels)
    return next(
        (_from_labels(image["Id"], name, image["Labels"]) for image in found for name in image["RepoTags"] or () if _is_ours(name)), None
    )


def make(engine: ImageEngine, named: str, cache_dir: Path, say: Say, official: str = OFFICIAL_IMAGE) -> Base:
    """Get or bootstrap a base and prepare it. Raises ImageError with what is needed when there is no way."""
    if named:
        _fetch(engine, named, say)
        return _prepare(engine, named, named, "named", say)
    try:
        if not engine.image_id(official):
            engine.must_be_offered(official, REGISTRY_SECONDS)
            _fetch(engine, official, say)
    except ImageError as no_registry:
        reason = str(no_registry).splitlines()[0]
        say(f"{reason}; so the base is bootstrapped from the distribution's packages")
        try:
            rootfs = bootstrap.make(engine, cache_dir, say)
        except ImageError as error:
            raise ImageError(f"{reason}\n{error}") from None
        return _prepare(engine, rootfs, rootfs.rpartition("-")[0].replace("rootfs:", "bootstrapped-"), "automatic", say)
    return _prepare(engine, official, official, "automatic", say)


def _fetch(engine: ImageEngine, reference: str, say: Say) -> None:
    if not engine.image_id(reference):
        say(f"pulling the base {reference}")
        engine.pull(reference)


def _prepare(engine: ImageEngine, raw: str, name: str, choice: str, say: Say) -> Base:
    """Build docker/base/Dockerfile on it, with labels by which `known` finds it again."""
    facts = ask(engine, raw)
    identifier = engine.image_id(raw) or ""
    reference = reference_of(name, identifier)
    labels = {"image": "base", "recipe": recipe(), "choice": choice, "from": identifier, "name": name, "digest": engine.digest(raw)}
    labels |= {"python": facts.python, "machine": facts.machine, "glibc": facts.glibc}
    # Only a missing command needs apt. A whole base is prepared offline.
    network = "default" if facts.missing else "none"
    files = {"Dockerfile": docker_folder.file(DOCKERFILE).read_bytes()}
    engine.build(files, reference, {"BASE_IMAGE": raw}, {f"hivecheck.{key}": value for key, value in labels.items()}, network)
    # docker/base/Dockerfile succeeds without apt's mirror too, so its result is examined again.
    if missing := ask(engine, reference).missing:
        say(
            f"the base {reference} goes without {' and '.join(missing)}: apt could not install them. Network faults will not be "
            f"possible. To try again: docker rmi {reference}"
        )
    return Base(reference, engine.image_id(reference) or "", labels["python"], labels["machine"], labels["glibc"])


def reference_of(name: str, identifier: str) -> str:
    """What a prepared base is called, e.g. `hivecheck/base:python-3.11-slim-<hash>`; the id of what it was made from decides the hash."""
    label = re.sub(r"[^a-z0-9.]+", "-", name.rpartition("/")[2].lower()).strip("-.")
    return f"{REPOSITORY}:{label}-{hashlib.sha256((identifier + recipe()).encode()).hexdigest()[:12]}"


def ask(engine: ImageEngine, image: str) -> Facts:
    """What an image's Python says of itself. Raises ImageError if it has none, or one that the services cannot run on."""
    needed = f"The base {image} must have Python {'.'.join(map(str, OLDEST_PYTHON))} or newer as python3, and the GNU C library"
    try:
        answer = json.loads(engine.run(image, ["python3", "-c", QUESTION]))
    except (ImageError, ValueError) as error:
        raise ImageError(f"{needed}; the registry responded: {error}\nName another one: HIVECHECK_BASE_IMAGE, or --base.") from None
    facts = Facts(answer["python"], answer["machine"], answer["glibc"], tuple(answer["missing"]))
    # `platform.libc_ver()` is empty on musl, where the manylinux wheels do not load.
    if tuple(int(part) for part in facts.python.split(".")) < OLDEST_PYTHON or not facts.glibc:
        libc = f"glibc {facts.glibc}" if facts.glibc else "another C library"
        raise ImageError(f"{needed}; it has Python {facts.python} and {libc}.\nName another one: HIVECHECK_BASE_IMAGE, or --base.")
    return facts


def _from_labels(identifier: str, reference: str, labels: Mapping[str, str]) -> Base:
    return Base(reference, identifier, labels["hivecheck.python"], labels["hivecheck.machine"], labels["hivecheck.glibc"])


def _is_ours(reference: str) -> bool:
    return reference.startswith(f"{REPOSITORY}:")


def recipe() -> str:
    """A hash over how a base is made; another one makes another base."""
    return hashlib.sha256(docker_folder.file(DOCKERFILE).read_bytes() + bootstrap.recipe().encode()).hexdigest()[:12]
