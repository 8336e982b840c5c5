"""A Docker daemon of the test's own: no images, and a network namespace with nothing but loopback; and a registry in it. Needs root.

The namespace is not only for the emptiness: a second daemon in the host's own takes docker0 from the first one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker

from hivecheck.platforms.docker.images import ImageEngine
from hivecheck.settings import PROJECT_ROOT
from hivecheck.waiting import eventually

START_SECONDS = 30.0


@dataclass
class BareDaemon:
    """Where the daemon listens, and the cache folder of the hivecheck that talks to it."""

    host: str
    pid: int
    cache_home: Path
    client: docker.DockerClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = docker.DockerClient(base_url=self.host, timeout=300)
        self.engine = ImageEngine(self.client)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HIVECHECK_")}
        return kept | {"DOCKER_HOST": self.host, "XDG_CACHE_HOME": str(self.cache_home)} | more

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hivecheck.cli", *arguments]

    def hivecheck(self, *arguments: str, code: int = 0, **environment: str) -> list[str]:
        """The lines of a `hivecheck` command against this daemon; must end with `code`."""
        done = subprocess.run(
            self.command(*arguments), cwd=PROJECT_ROOT, env=self.environment(**environment), capture_output=True, text=True, timeout=400
        )
        assert done.returncode == code, done.stdout + done.stderr
        return (done.stdout + done.stderr).splitlines()

    def docker(self, *arguments: str, stdin: bytes | None = None) -> str:
        done = subprocess.run(["docker", "-H", self.host, *arguments], input=stdin, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()


@contextmanager
def bare_daemon(folder: Path, data_root: Path, cache_home: Path) -> Iterator[BareDaemon]:
    """A daemon of its own. It ends with all its data after the test."""
    config = folder / "daemon.json"
    config.write_text("{}")
    # A socket's path must be short (108 bytes), and pytest's folders are not.
    socket_path = Path(f"/run/hivecheck-test-{os.getpid()}-{abs(hash(folder)) % 10**6}.sock")
    exec_root = socket_path.with_suffix(".exec")
    command = ["dockerd", f"--config-file={config}", f"--data-root={data_root}", f"--exec-root={exec_root}", f"--pidfile={folder / 'pid'}"]
    command += [f"--host=unix://{socket_path}", f"--storage-driver={docker.from_env().info()['Driver']}", "--iptables=false"]
    process = started(["unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command], folder / "dockerd.log")
    try:
        eventually(socket_path.exists, within=START_SECONDS, what="the socket of the bare daemon")
        daemon = BareDaemon(f"unix://{socket_path}", process.pid, cache_home)
        eventually(lambda: answers(daemon), within=START_SECONDS, what="the bare daemon's answer")
        yield daemon
        for container in daemon.client.containers.list(all=True):
            container.remove(force=True)
    finally:
        ended(process)
        for mounted in (exec_root / "netns").glob("*"):
            subprocess.run(["umount", str(mounted)], capture_output=True)
        for left in (exec_root, data_root):
            shutil.rmtree(left, ignore_errors=True)
        socket_path.unlink(missing_ok=True)


def started(command: list[str], log_path: Path) -> subprocess.Popen[bytes]:
    with log_path.open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(START_SECONDS)


def answers(daemon: BareDaemon) -> bool:
    with suppress(Exception):
        return bool(daemon.client.ping())
    return False


@contextmanager
def registry(folder: Path, daemon: BareDaemon) -> Iterator[str]:
    """A registry (Debian package docker-registry), empty, on the loopback of the daemon's namespace; gives host:port."""
    config, log = folder / "registry.yml", folder / "registry.log"
    address = "127.0.0.1:5000"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder / 'store'}}}}}\nhttp: {{addr: '{address}'}}\n")
    process = started(["nsenter", f"--net=/proc/{daemon.pid}/ns/net", "--", "docker-registry", "serve", str(config)], log)
    try:
        eventually(lambda: "listening on" in log.read_text(), within=START_SECONDS, what="the registry's word that it listens")
        yield address
    finally:
        ended(process)
