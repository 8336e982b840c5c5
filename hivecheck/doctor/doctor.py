"""`hivecheck doctor`: looks at all that a run needs, one thing at a time, and says what to do. Changes nothing, starts nothing."""

from __future__ import annotations

import re
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from hivecheck import images
from hivecheck.cleanup import orphans
from hivecheck.clients.control import ControlClient
from hivecheck.doctor import stack_health
from hivecheck.doctor.stack_health import Finding, Level
from hivecheck.errors import ClientError, HivecheckError, PlatformError
from hivecheck.images.listing import ImageView, age
from hivecheck.platforms.docker import engine
from hivecheck.platforms.ports import LOOPBACK
from hivecheck.settings import PROJECT_ROOT, Settings
from hivecheck.stack import kept_stacks
from hivecheck.wording import counted

OLDEST_PYTHON = (3, 11)
DAEMON_SECONDS = 10.0
# Base, its first layer, the libraries and the services take 0.6 GB of the daemon's disk when nothing is there yet.
BUILD_GIGABYTES = 0.7
COMFORT_GIGABYTES = 2.0
COMPOSE_FILE = PROJECT_ROOT / "docker-compose.integration.yml"
COMPOSE_PORT = re.compile(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}")
CLEANUP = "`hivecheck cleanup` removes it"
Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, as soon as there is one. A check that cannot be carried out is a bad finding itself."""
    for what, check in DIAGNOSTICS.items():
        try:
            yield from check(settings)
        # The first problem must not hide the others.
        except (HivecheckError, OSError) as error:
            yield Finding(Level.BAD, what, f"cannot be looked at: {error}")


def exit_code(findings: Sequence[Finding]) -> int:
    """1 if something is bad."""
    return 1 if any(finding.level is Level.BAD for finding in findings) else 0


def python(version: tuple[int, ...], system: str) -> Finding:
    """The interpreter that runs this, and its operating system."""
    version_text = f"{'.'.join(map(str, version[:3]))} on {system}"
    if version < OLDEST_PYTHON:
        return Finding(Level.BAD, "python", version_text, "install Python 3.11 or newer, and name it: PYTHON=/path/to/python3")
    # ADR 3: leftovers are found by a label in /proc/<pid>/environ.
    if system != "linux":
        return Finding(Level.BAD, "python", version_text, "nodes are watched by way of /proc, so Linux is needed")
    return Finding(Level.OK, "python", version_text)


def image(views: Sequence[ImageView], now: float) -> Finding:
    """Whether the image that a run would use is there."""
    current = [view for view in views if view.is_current]
    if current:
        return Finding(Level.OK, "image", f"{current[0].tag}, {age(now - current[0].created)} old, is that of the source as it is")
    found = f"none of the source as it is ({counted(len(views), 'older image')})" if views else "none built yet"
    return Finding(Level.WARN, "image", found, "the next run on docker builds it; or do so now: `hivecheck images build`")


def disk(what: str, folder: Path, free_bytes: int) -> Finding:
    """Room for images or reports."""
    gigabytes = free_bytes / 1e9
    found = f"{gigabytes:.1f} GB free at {folder}"
    if gigabytes < COMFORT_GIGABYTES:
        level = Level.BAD if gigabytes < BUILD_GIGABYTES else Level.WARN
        return Finding(level, what, found, "`docker system df` shows what fills it; `docker image prune` frees unused images")
    return Finding(Level.OK, what, found)


def port(variable: str, number: int, *, is_taken: bool, service: str | None) -> Finding:
    """A port of docker-compose.integration.yml; `service` is what answers there if it is one of ours."""
    what = f"port {number}"
    if service:
        return Finding(Level.OK, what, f"the {service} of {COMPOSE_FILE.name} answers there")
    if is_taken:
        found = f"taken, and no service of {COMPOSE_FILE.name} answers there (yet)"
        return Finding(Level.WARN, what, found, f"if it is another program, choose another port: {variable}=PORT")
    return Finding(Level.OK, what, f"free for {COMPOSE_FILE.name}")


def _check_python(_: Settings) -> Iterator[Finding]:
    yield python(sys.version_info[:3], sys.platform)


def _check_engine(settings: Settings) -> Iterator[Finding]:
    """The daemon, and what depends on it: image and disk."""
    try:
        client = engine.connect(DAEMON_SECONDS)
    except PlatformError as error:
        # Without a daemon the process platform still works, so this is a problem only where docker is required.
        must_be = settings.platform == "docker" or settings.ci
        yield Finding(Level.BAD if must_be else Level.WARN, "docker engine", str(error))
        return
    try:
        daemon = engine.describe(client)
    finally:
        client.close()
    yield Finding(Level.OK, "docker engine", daemon.sentence())
    yield image(images.listing(settings), time.time())
    yield _room("disk for images", Path(daemon.root_folder))


def _check_disk(settings: Settings) -> Iterator[Finding]:
    yield _room("disk for reports", settings.report_dir)


def _check_stacks(settings: Settings) -> Iterator[Finding]:
    kept = kept_stacks.kept_stacks(settings.report_dir)
    if not kept:
        yield Finding(Level.OK, "stacks", "none is up")
    for item in kept:
        yield from stack_health.stack(item)


def _check_ports(_: Settings) -> Iterator[Finding]:
    with socket.socket() as candidate:
        candidate.bind((LOOPBACK, 0))
    yield Finding(Level.OK, "ports", f"nodes get free ones of {LOOPBACK} from the system")
    for variable, number in compose_ports():
        yield port(variable, number, is_taken=_is_open(number), service=_service_at(number))


def _check_leftovers(settings: Settings) -> Iterator[Finding]:
    found = [f"{process.run_id}: {process.sentence()}" for process in orphans.abandoned_processes()]
    try:
        client = engine.connect(DAEMON_SECONDS)
    except PlatformError:
        pass  # reported above
    else:
        abandoned = engine.abandoned(client)
        found += [f"{run_id}: {stack}, {name}" for (run_id, stack), names in abandoned.items() for name in names]
        client.close()
    yield from (Finding(Level.WARN, "left behind", line, CLEANUP) for line in found)
    if not found:
        yield Finding(Level.OK, "left behind", "nothing of runs with a dead harness")


DIAGNOSTICS: dict[str, Check] = {
    "python": _check_python,
    "docker engine": _check_engine,
    "disk for reports": _check_disk,
    "stacks": _check_stacks,
    "ports": _check_ports,
    "left behind": _check_leftovers,
}


def compose_ports() -> list[tuple[str, int]]:
    """The ports of this machine that docker-compose.integration.yml takes: the variable that changes each, and its default."""
    text = COMPOSE_FILE.read_text(encoding="utf-8") if COMPOSE_FILE.is_file() else ""
    return [(variable, int(number)) for variable, number in COMPOSE_PORT.findall(text)]


def _room(what: str, folder: Path) -> Finding:
    # The report folder exists only after the first run, and `disk_usage` raises for a missing one.
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return disk(what, there, shutil.disk_usage(there).free)


def _is_open(number: int) -> bool:
    with socket.socket() as client:
        client.settimeout(stack_health.ANSWER_SECONDS)
        return client.connect_ex((LOOPBACK, number)) == 0


def _service_at(number: int) -> str | None:
    with closing(ControlClient(f"http://{LOOPBACK}:{number}", "", stack_health.ANSWER_SECONDS)) as client, suppress(ClientError):
        body = client.ask("GET", "/health", with_token=False).body
        return str(body["name"]) if isinstance(body, dict) and {"service", "name"} <= body.keys() else None
    return None
