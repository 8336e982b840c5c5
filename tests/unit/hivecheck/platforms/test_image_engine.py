"""The daemon's answers become sentences. The SDK's client is one that says what the test wants."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from hivecheck.cli.main import main
from hivecheck.errors import ImageError
from hivecheck.platforms.docker.images import ImageEngine

FILES = {"Dockerfile": b"FROM x\n"}


class Api:
    """Plays a build's messages; raises what it is given."""

    def __init__(self, *messages: dict[str, str], error: Exception | None = None) -> None:
        self.messages, self.error = messages, error
        self.given: dict[str, Any] = {}

    def build(self, **given: Any) -> Iterator[dict[str, str]]:
        self.given = given
        if self.error:
            raise self.error
        return iter(self.messages)

    def inspect_image(self, reference: str) -> dict[str, str]:
        assert self.error
        raise self.error


def build(api: Api) -> list[str]:
    return ImageEngine(SimpleNamespace(api=api)).build(FILES, "x:1", {}, {"b": "two", "a": 'o"ne'}, "none")


def test_failed_step() -> None:
    """A failed step shows its last fifteen lines and the next step."""
    lines = [{"stream": f"line {number}\n"} for number in range(1, 21)]
    with pytest.raises(ImageError) as failure:
        build(Api(*lines, {"error": "The command returned a non-zero code: 1"}))
    output = str(failure.value)
    assert output.startswith("building x:1 should have worked, but: The command returned")
    assert "| line 6\n" in output and "line 5\n" not in output and "docker/Dockerfile" in output


@pytest.mark.parametrize("where", ["stream", "error"])
def test_full_disk(where: str) -> None:
    """A full disk is reported as such, wherever it appears."""
    with pytest.raises(ImageError, match=r"(?s)No space left.*disk is full: `docker system df`"):
        build(Api({where: "write /x: No space left on device"}, {"error": "it failed"}))


def test_lost_daemon() -> None:
    """A lost daemon is reported as such."""
    with pytest.raises(ImageError, match=r"(?s)building x:1 .* reset.*docker info"):
        build(Api(error=ConnectionResetError("reset by peer")))


def test_absent_image() -> None:
    """An absent image is no error, and a failing daemon is one."""
    assert ImageEngine(SimpleNamespace(api=Api(error=ImageNotFound("no such image")))).image_id("x:1") is None
    with pytest.raises(ImageError, match="looking for the image x:1"):
        ImageEngine(SimpleNamespace(api=Api(error=APIError("broken")))).image_id("x:1")


def test_deterministic_context() -> None:
    """The same files give the same build context, with one line of labels."""
    first, second = Api(), Api()
    assert build(first) == build(second) == []
    sent: io.BytesIO = first.given["fileobj"]
    assert sent.getvalue() == second.given["fileobj"].getvalue()
    with tarfile.open(fileobj=sent) as tar:
        dockerfile = tar.extractfile("Dockerfile")
        assert dockerfile is not None and dockerfile.read() == b'FROM x\n\nLABEL a="o\\"ne" b="two"\n'


def test_no_daemon(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a daemon the command prints the next step."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    assert main(["images", "list"]) == 2
    output = capsys.readouterr().err
    assert "A Docker daemon should answer" in output and "systemctl start docker" in output
