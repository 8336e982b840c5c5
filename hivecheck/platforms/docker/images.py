"""The images of the Docker daemon: find, pull, build, import, remove. Its errors become ImageErrors with a way out."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from hivecheck.errors import ImageError
from hivecheck.platforms.docker.engine import BROKEN, open_client
from hivecheck.wording import excerpt

IMAGE_LABEL = "hivecheck.image"
# A build step that prints nothing for this long hangs.
CALL_SECONDS = 300
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class ImageEngine:
    """A connection to the daemon. Every method raises ImageError when the daemon refuses or does not answer."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._api = client.api

    @classmethod
    def connect(cls) -> ImageEngine:
        """The daemon of DOCKER_HOST, or the local one. Raises ImageError when none answers."""
        try:
            return cls(open_client(CALL_SECONDS))
        except BROKEN as error:
            raise ImageError(_no_daemon(error)) from None

    def image_id(self, reference: str) -> str | None:
        """The id of a local image; None when there is none of that name."""
        with _engine_errors(f"looking for the image {reference}"):
            try:
                return str(self._api.inspect_image(reference)["Id"])
            except ImageNotFound:
                return None

    def digest(self, reference: str) -> str:
        """What a registry calls this content, e.g. `python@sha256:...`; empty for an image that came from none."""
        with _engine_errors(f"looking for the image {reference}"):
            return str(next(iter(self._api.inspect_image(reference)["RepoDigests"] or ()), ""))

    def images(self, **labels: str) -> list[dict[str, Any]]:
        """Summaries (Id, RepoTags, Labels, Created, Size) of local images with these labels (`_` for `.`), newest first."""
        expected = [f"{name.replace('_', '.')}={value}" for name, value in labels.items()]
        with _engine_errors("listing images"):
            found: list[dict[str, Any]] = self._api.images(filters={"label": expected})
        return sorted(found, key=lambda image: -int(image["Created"]))

    def used_images(self) -> set[str]:
        """Ids of the images of every container, running or not."""
        with _engine_errors("listing containers"):
            return {str(container["ImageID"]) for container in self._api.containers(all=True)}

    def must_be_offered(self, reference: str, within: float) -> None:
        """Raises ImageError, its first line the reason, unless a registry says within so many seconds that it has the reference."""
        with _engine_errors(f"asking a registry for {reference}"):
            patience = self._api.timeout
            self._api.timeout = within
            try:
                self._api.inspect_distribution(reference)
            finally:
                self._api.timeout = patience

    def pull(self, reference: str) -> None:
        """Fetch an image from its registry."""
        with _engine_errors(f"pulling {reference}"):
            self._client.images.pull(reference)

    def remove(self, reference: str) -> None:
        """Remove a tag, and its image with the last tag. A missing image and one in use are left alone."""
        with _engine_errors(f"removing {reference}"):
            try:
                self._api.remove_image(reference)
            except NotFound:
                pass
            except APIError as error:
                if error.status_code != 409:  # 409: the image is in use
                    raise

    def run(self, image: str, command: list[str]) -> str:
        """What a command prints in a throw-away container without a network. Raises ImageError if it ends with another code than 0."""
        what = f"running {command[0]} in {image}"
        with _engine_errors(what):
            # Not containers.run: it leaves a container behind that could not be started.
            settings = {"entrypoint": [], "network_mode": "none", "user": "0", "labels": {IMAGE_LABEL: "probe"}}
            container = self._client.containers.create(image, command, **settings)
            try:
                container.start()
                code = int(container.wait()["StatusCode"])
                printed = str(container.logs().decode(errors="replace"))
            finally:
                container.remove(force=True)
        if code:
            raise ImageError(_failed(what, f"it ended with {code}: {printed.strip()[-500:]}", []))
        return printed

    def copy(self, reference: str, other: ImageEngine) -> None:
        """Give another daemon a local image, as `docker save` and `docker load` do."""
        with _engine_errors(f"copying {reference} to another engine"):
            for message in other._api.load_image(self._api.get_image(reference)):
                if "error" in message:
                    raise ImageError(_failed(f"copying {reference}", str(message["error"]), []))

    def import_tar(self, stream: Any, reference: str, labels: Mapping[str, str]) -> None:
        """Make an image of one layer from a tar stream of a root file system."""
        repository, _, tag = reference.rpartition(":")
        changes = [_label_line(labels).decode().strip()]
        with _engine_errors(f"importing {reference}"):
            answer = self._api.import_image_from_stream(stream, repository, tag, changes)
            _must_be_done(f"importing {reference}", map(json.loads, answer.splitlines()))

    def build(
        self, files: Mapping[str, bytes], tag: str, arguments: Mapping[str, str], labels: Mapping[str, str], network: str
    ) -> list[str]:
        """Build the Dockerfile among `files` (the whole context) and return the output's lines. `network` is none or default."""
        with _engine_errors(f"building {tag}"):
            stream = self._api.build(
                fileobj=_tar(dict(files) | {"Dockerfile": files["Dockerfile"] + _label_line(labels)}),
                custom_context=True,
                tag=tag,
                buildargs=dict(arguments),
                network_mode=network,
                rm=True,
                # `rm` removes the containers of a successful build only.
                forcerm=True,
                decode=True,
            )
            return _must_be_done(f"building {tag}", stream)


def _label_line(labels: Mapping[str, str]) -> bytes:
    """A LABEL instruction of a Dockerfile with all labels."""
    # One instruction: with the API's `labels` each is a step, and a step takes a second on slow storage.
    return f"\nLABEL {' '.join(f'{name}={json.dumps(value)}' for name, value in sorted(labels.items()))}\n".encode()


def _tar(files: Mapping[str, bytes]) -> io.BytesIO:
    """The same files give the same bytes: no times, no owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    buffer.seek(0)
    return buffer


def _must_be_done(what: str, messages: Iterator[dict[str, Any]]) -> list[str]:
    """The output's lines. Raises ImageError with the last of them if one of the daemon's messages is an error."""
    lines: list[str] = []
    for message in messages:
        lines += [line for line in COLOUR.sub("", str(message.get("stream") or "")).splitlines() if line.strip()]
        if "error" in message:
            raise ImageError(_failed(what, str(message["error"]), lines))
    return lines


@contextmanager
def _engine_errors(what: str) -> Iterator[None]:
    """Turn what the SDK raises inside into an ImageError that says what was being done."""
    try:
        yield
    except BROKEN as error:
        reason = error.explanation if isinstance(error, APIError) and error.explanation else error
        raise ImageError(_failed(what, str(reason), [])) from None


def _failed(what: str, reason: str, lines: list[str]) -> str:
    """The task, the cause, the last lines of output, and what to do. A full disk comes first, because tracebacks may follow it."""
    shown = lines
    if full := [line for line in (reason, *lines) if "no space left on device" in line.lower()]:
        shown = [line for line in full if line != reason]
        way_out = "The daemon's disk is full: `docker system df` shows what fills it, `docker image prune` frees unused images."
    elif lines:
        way_out = "The step above is in docker/Dockerfile or docker/base/Dockerfile; mend it, or choose another base with --base."
    else:
        way_out = "Look at the daemon: `docker info`, and its log."
    return f"{what} should have worked, but: {reason.strip()}{excerpt(shown)}\n{way_out}"


def _no_daemon(error: Exception) -> str:
    return (
        f"A Docker daemon should answer, but: {error}\n"
        "Start one (systemctl start docker), name it in DOCKER_HOST, or do without: --platform process."
    )
