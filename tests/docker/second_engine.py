"""A second Docker engine on this machine, in the machine's network, as a context of its own. Needs root."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
from bare_daemon import START_SECONDS, ended, started
from docker.errors import DockerException

from hivecheck.waiting import eventually

CONTEXT = "hivecheck-second"


@dataclass(frozen=True)
class SecondEngine:
    """`config` is the folder of the `docker` command's settings, in which the context is."""

    host: str
    config: Path
    client: docker.DockerClient
    process: subprocess.Popen[bytes]


@contextmanager
def second_engine(folder: Path) -> Iterator[SecondEngine]:
    """Without images. It ends with its data after the test."""
    # A socket's path must be short (108 bytes), and pytest's folders are not.
    run = Path(tempfile.mkdtemp(prefix="hivecheck-second-", dir="/run"))
    settings = folder / "daemon.json"
    settings.write_text("{}")
    host, data = f"unix://{run}/docker.sock", folder / "data"
    command = ["dockerd", f"--config-file={settings}", f"--data-root={data}", f"--exec-root={run}/exec", f"--pidfile={run}/pid"]
    # No bridge: it would take docker0 from the first engine. The containers are in the machine's own network.
    command += [f"--host={host}", f"--storage-driver={docker.from_env().info()['Driver']}", "--bridge=none", "--iptables=false"]
    process = started(command, folder / "dockerd.log")
    try:
        eventually(lambda: _answers(host), within=START_SECONDS, what="the second engine's answer")
        client = docker.DockerClient(base_url=host, timeout=60)
        config = folder / "config"
        create = ["docker", "--config", str(config), "context", "create", CONTEXT, "--docker", f"host={host}"]
        subprocess.run(create, check=True, capture_output=True)
        yield SecondEngine(host, config, client, process)
    finally:
        ended(process)
        _end_leftovers(run, data)
        for left in (run, data):
            shutil.rmtree(left, ignore_errors=True)


def _end_leftovers(run: Path, data: Path) -> None:
    """What an engine that was killed left: the shims of its containers, and mounts below its folders."""
    for process in psutil.process_iter(["cmdline"]):
        if any(word.startswith(f"{run}/exec/") for word in process.info["cmdline"] or ()):
            process.kill()
            process.wait()
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mounted in reversed([place for place in mounts if place.startswith((f"{run}/", f"{data}"))]):
        subprocess.run(["umount", mounted], capture_output=True)


def _answers(host: str) -> bool:
    with contextlib.suppress(DockerException):  # the socket is not there yet, or the engine begins
        client = docker.DockerClient(base_url=host)
        client.close()
        return True
    return False
