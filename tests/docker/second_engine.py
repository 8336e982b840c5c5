"""A second Docker engine on this machine, in the machine's network, as a context of its own. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from bare_daemon import START_SECONDS, ended, started

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
    run = Path(f"/run/hivecheck-second-{os.getpid()}")
    run.mkdir()
    settings = folder / "daemon.json"
    settings.write_text("{}")
    host, data = f"unix://{run}/docker.sock", folder / "data"
    command = ["dockerd", f"--config-file={settings}", f"--data-root={data}", f"--exec-root={run}/exec", f"--pidfile={run}/pid"]
    # No bridge: it would take docker0 from the first engine. The containers are in the machine's own network.
    command += [f"--host={host}", f"--storage-driver={docker.from_env().info()['Driver']}", "--bridge=none", "--iptables=false"]
    process = started(command, folder / "dockerd.log")
    try:
        client = docker.DockerClient(base_url=host, timeout=60)
        eventually(lambda: _answers(client), within=START_SECONDS, what="the second engine's answer")
        config = folder / "config"
        create = ["docker", "--config", str(config), "context", "create", CONTEXT, "--docker", f"host={host}"]
        subprocess.run(create, check=True, capture_output=True)
        yield SecondEngine(host, config, client, process)
    finally:
        ended(process)
        for mounted in (run / "exec" / "netns").glob("*"):
            subprocess.run(["umount", str(mounted)], capture_output=True)
        for left in (run, data):
            shutil.rmtree(left, ignore_errors=True)


def _answers(client: docker.DockerClient) -> bool:
    try:
        return bool(client.ping())
    except Exception:  # the socket is not there yet, or the engine begins
        return False
