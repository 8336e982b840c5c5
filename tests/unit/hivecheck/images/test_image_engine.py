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
from hivecheck.images.engine import Engine
from hivecheck.images.listing import ImageView, age
from hivecheck.images.prune import old_images, superfluous

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
    return Engine(SimpleNamespace(api=api)).build(FILES, "x:1", {}, {"b": "two", "a": 'o"ne'}, "none")


def test_a_failing_step_shows_its_last_fifteen_lines_and_a_way_out() -> None:
    lines = [{"stream": f"line {number}\n"} for number in range(1, 21)]
    with pytest.raises(ImageError) as failure:
        build(Api(*lines, {"error": "The command returned a non-zero code: 1"}))
    told = str(failure.value)
    assert told.startswith("building x:1 should have worked, but: The command returned")
    assert "| line 6\n" in told and "line 5\n" not in told and "docker/Dockerfile" in told


@pytest.mark.parametrize("where", ["stream", "error"])
def test_a_full_disk_is_told_as_such_wherever_it_shows(where: str) -> None:
    with pytest.raises(ImageError, match=r"(?s)No space left.*disk is full: `docker system df`"):
        build(Api({where: "write /x: No space left on device"}, {"error": "it failed"}))


def test_a_daemon_that_goes_away_is_told_as_such() -> None:
    with pytest.raises(ImageError, match=r"(?s)building x:1 .* reset.*docker info"):
        build(Api(error=ConnectionResetError("reset by peer")))


def test_an_image_that_is_not_here_is_no_error_but_a_daemon_that_fails_is() -> None:
    assert Engine(SimpleNamespace(api=Api(error=ImageNotFound("no such image")))).image_id("x:1") is None
    with pytest.raises(ImageError, match="looking for the image x:1"):
        Engine(SimpleNamespace(api=Api(error=APIError("broken")))).image_id("x:1")


def test_the_same_files_are_sent_as_the_same_bytes_with_one_line_of_labels() -> None:
    first, second = Api(), Api()
    assert build(first) == build(second) == []
    sent: io.BytesIO = first.given["fileobj"]
    assert sent.getvalue() == second.given["fileobj"].getvalue()
    with tarfile.open(fileobj=sent) as tar:
        dockerfile = tar.extractfile("Dockerfile")
        assert dockerfile is not None and dockerfile.read() == b'FROM x\n\nLABEL a="o\\"ne" b="two"\n'


def test_without_a_daemon_the_command_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    assert main(["images", "list"]) == 2
    told = capsys.readouterr().err
    assert "A Docker daemon should answer" in told and "systemctl start docker" in told


class Shelf:
    """The engine of `old_images`: what is there, and what was removed."""

    def __init__(self, **kinds: list[dict[str, Any]]) -> None:
        self.kinds = kinds
        self.removed: list[str] = []

    def images(self, hivecheck_image: str) -> list[dict[str, Any]]:
        return self.kinds.get(hivecheck_image, [])

    def used_images(self) -> set[str]:
        return {"s7"}

    def remove(self, reference: str) -> None:
        self.removed.append(reference)


def test_all_but_the_newest_five_and_those_in_use_and_the_current_one_are_removed() -> None:
    services = [{"Id": f"s{number}", "RepoTags": [f"hivecheck/services:{number}"]} for number in range(1, 10)]
    shelf = Shelf(services=services)
    assert (
        old_images(shelf, "hivecheck/services:8", "hivecheck/base:1") == ["hivecheck/services:6", "hivecheck/services:9"] == shelf.removed
    )


def test_a_name_that_somebody_else_gave_to_one_of_our_images_is_left_alone() -> None:
    services = [{"Id": f"s{number}", "RepoTags": [f"hivecheck/services:{number}", "mine:1"]} for number in range(1, 7)]
    assert old_images(Shelf(services=services), "", "") == ["hivecheck/services:6"]


def test_nameless_stages_are_removed_by_their_id() -> None:
    stages = [{"Id": "t1", "RepoTags": None}, {"Id": "t2", "RepoTags": ["<none>:<none>"]}, {"Id": "t3", "RepoTags": None}]
    assert old_images(Shelf(stage=stages), "", "") == ["t3"]


def test_few_images_are_all_kept() -> None:
    assert superfluous([{"Id": "1"}], 5, ()) == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, "0 s"), (5, "5 s"), (119, "119 s"), (300, "5 min"), (10_800, "3 hours"), (864_000, "10 days")]
)
def test_an_age_is_told_in_one_unit(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_the_current_image_is_marked() -> None:
    line = ImageView("hivecheck/services:1", 100, 158_000_000, "abc", "hivecheck/base:2", is_current=True).line(now=105)
    assert line.split() == ["*", "hivecheck/services:1", "5", "s", "158", "MB", "source", "abc", "on", "hivecheck/base:2"]
