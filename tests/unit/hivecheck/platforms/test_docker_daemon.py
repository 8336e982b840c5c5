"""Which daemons are refused, and that the page about platforms says what the code does."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck import tags
from hivecheck.errors import PlatformError
from hivecheck.platforms import process
from hivecheck.platforms.docker import daemon, docker_platform, engine
from hivecheck.platforms.docker.daemon import Daemon
from hivecheck.settings import PROJECT_ROOT

OWN = "here"
FINE = Daemon(daemon.LOCAL_SOCKET, "20.10.24", "1.41", "linux", "amd64", OWN, ("name=seccomp,profile=default",), 1452, "/var/lib/docker")
ROW = re.compile(r"^\| `(\w+)` \| ([\w ]+) \| ([\w ]+) \|", re.MULTILINE)


def test_local_daemon() -> None:
    """A daemon of this machine is accepted."""
    assert daemon.refusal(FINE, OWN) is None


def test_tcp_daemon() -> None:
    """A daemon over TCP has no visible process and is accepted."""
    assert daemon.refusal(replace(FINE, pid=None), OWN) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"system": "windows"}, "runs windows containers"),
        ({"api_version": "1.40"}, "speaks API 1.40"),
        ({"security_options": ("name=seccomp,profile=builtin", "name=rootless")}, "is rootless"),
        ({"security_options": ("name=userns",)}, "maps user ids"),
        ({"pid": 0}, "belongs to the machine around this container"),
        ({"host_name": "docker-desktop"}, "runs on 'docker-desktop', not on this machine"),
    ],
)
def test_unsupported_daemon(change: dict[str, object], reason: str) -> None:
    """An unsupported daemon is refused with the next step."""
    refusal = daemon.refusal(replace(FINE, **change), OWN) or ""  # type: ignore[arg-type]
    assert reason in refusal and refusal.endswith("or use --platform process.")


@pytest.mark.parametrize("version", ["1.41", "1.50", "2.0"])
def test_newer_api(version: str) -> None:
    """A newer API is accepted."""
    assert daemon.refusal(replace(FINE, api_version=version), OWN) is None


@pytest.mark.parametrize("address", ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "tcp://localhost:2376", "ssh://me@127.0.0.1"])
def test_local_address(address: str) -> None:
    """An address of this machine is accepted."""
    assert daemon.refusal_of_address(address) is None


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:2375", "ssh://me@192.0.2.1", "tcp://nobody.invalid:2376"])
def test_remote_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of another machine is refused before a call."""
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(PlatformError, match="another machine"):
        engine.connect()


def test_process_of_socket(tmp_path: Path) -> None:
    """The process behind a socket is found."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        assert daemon.pid_at(f"unix://{tmp_path}/s") == os.getpid()


@pytest.mark.parametrize("address", ["unix:///nobody/listens", "tcp://127.0.0.1:2375"])
def test_no_process_of_socket(address: str) -> None:
    """Without a visible process there is none."""
    assert daemon.pid_at(address) is None


def test_page_has_capabilities() -> None:
    """The page about platforms has every capability with its platforms."""
    rows = {capability: (on_docker == "yes", on_process == "yes") for capability, on_docker, on_process in ROW.findall(page())}
    assert rows == {
        capability: (capability in docker_platform.CAPABILITIES, capability in process.CAPABILITIES) for capability in tags.CAPABILITIES
    }


def page() -> str:
    return (PROJECT_ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
