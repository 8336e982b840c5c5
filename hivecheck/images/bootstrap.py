"""A base image from the distribution's own packages, where no registry can be asked. Needs root on a Debian-like host."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hivecheck.errors import ImageError
from hivecheck.images import apt_sources
from hivecheck.platforms.docker.images import IMAGE_LABEL, ImageEngine
from hivecheck.wording import Say, excerpt

PACKAGES = ("ca-certificates", "iproute2", "iptables", "python3", "python3-venv")
# Nothing that a service reads, and every file costs time at each step of a build. The apt sources name the host's mirror.
DROPPED = (
    "usr/share/bash-completion/*",
    "usr/share/doc/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "usr/share/zoneinfo/*",
    "var/cache/apt/*",
    "var/cache/debconf/*-old",
    "var/lib/apt/lists/*",
    "var/log/*",
    "etc/apt/sources.list",
    "dev/*",
)
DEBOOTSTRAP_SECONDS = 900
WAYS_OUT = (
    "An image to build on must come from somewhere: a registry that answers; HIVECHECK_BASE_IMAGE=<one you have, Python 3.11 or newer>; "
    "or root on a Debian-like host with debootstrap, which makes one from packages."
)


def recipe() -> str:
    """What a bootstrapped base depends on, as text for a hash."""
    return repr((PACKAGES, DROPPED))


def make(engine: ImageEngine, work_dir: Path, say: Say) -> str:
    """Bootstrap the host's own release and import it; returns the image's name. Raises ImageError when this host cannot."""
    codename = _release_or_refuse()
    reference = f"hivecheck/rootfs:{codename}-{hashlib.sha256(recipe().encode()).hexdigest()[:12]}"
    if engine.image_id(reference):
        return reference
    source = apt_sources.mirror_of(codename, apt_sources.read(Path("/etc/apt")))
    if source is None:
        raise ImageError(f"/etc/apt names no mirror that serves {codename} main, so nothing can be bootstrapped from it.\n{WAYS_OUT}")
    if shutil.which("debootstrap") is None:
        say("debootstrap is missing: installing it with apt-get")
        _must_run(["apt-get", "-qq", "update"])
        _must_run(["apt-get", "install", "-qy", "--no-install-recommends", "debootstrap"])
    work_dir.mkdir(parents=True, exist_ok=True)
    for left in work_dir.glob("bootstrap-*"):  # by one that was killed; the caller sees to it that no other one is at work
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="bootstrap-", dir=work_dir, ignore_cleanup_errors=True) as folder:
        root = Path(folder) / "root"
        say(f"bootstrapping Debian-like {codename} from this host's own mirror (about a minute, once)")
        _must_run(_debootstrap(codename, source, root))
        _slim_down(root)
        _import(engine, root, reference)
    return reference


def _release_or_refuse() -> str:
    """The host's code name, e.g. bookworm. Raises ImageError on another kind of host or without root."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    codename = release.get("VERSION_CODENAME", "")
    if not codename or not Path("/etc/debian_version").exists():
        raise ImageError(f"This host is {release.get('PRETTY_NAME', platform.system())}, not Debian-like.\n{WAYS_OUT}")
    if os.geteuid() != 0:
        raise ImageError(f"This is user id {os.geteuid()}, and only root can bootstrap.\n{WAYS_OUT}")
    return codename


def _debootstrap(codename: str, source: apt_sources.AptSource, root: Path) -> list[str]:
    """The command that bootstraps a root file system."""
    # Ubuntu has python3-venv in universe.
    components = [name for name in source.components if name in {"main", "universe"}]
    options = ["--variant=minbase", f"--include={','.join(PACKAGES)}", f"--components={','.join(components)}"]
    options += [f"--keyring={source.keyring}"] if source.keyring else []
    # An interrupted debootstrap leaves /proc mounted, and the folder is removed later. So it has its own mounts.
    return ["unshare", "--mount", "--", "debootstrap", *options, codename, str(root), source.uri]


def _slim_down(root: Path) -> None:
    for pattern in DROPPED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _import(engine: ImageEngine, root: Path, reference: str) -> None:
    command = ["tar", "--numeric-owner", "-C", str(root), "-c", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        engine.import_tar(tar.stdout, reference, {IMAGE_LABEL: "rootfs"})
    if tar.returncode:
        engine.remove(reference)
        raise ImageError(f"Packing the bootstrapped files should have worked, but tar ended with {tar.returncode}; is the disk full?")


def _must_run(command: Sequence[str]) -> None:
    """Run a command quietly. Raises ImageError with its last lines if it fails."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        timeout=DEBOOTSTRAP_SECONDS,
        check=False,
    )
    if done.returncode:
        output = excerpt((done.stdout + done.stderr).splitlines())
        raise ImageError(f"`{' '.join(command[:5])} ...` should have worked, but ended with {done.returncode}:{output}\n{WAYS_OUT}")
