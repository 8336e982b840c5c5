"""Which base is chosen. The engine is one in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hivecheck.errors import ImageError
from hivecheck.images import base_image

FACTS = {"python": "3.11", "machine": "x86_64", "glibc": "2.36", "missing": []}


class MemoryEngine:
    """Images by name; a registry that has some more; each image answers the base's question with its facts."""

    def __init__(self, local: dict[str, dict[str, Any]] | None = None, registry: dict[str, dict[str, Any]] | None = None) -> None:
        self.facts = dict(local or {})
        self.registry = dict(registry or {})
        self.labels: dict[str, dict[str, str]] = {}
        self.networks: list[str] = []
        self.asked: list[str] = []

    def image_id(self, reference: str) -> str | None:
        return f"sha256:{reference}" if reference in self.facts else None

    def digest(self, reference: str) -> str:
        return f"{reference}@sha256:00"

    def images(self, **labels: str) -> list[dict[str, Any]]:
        expected = {name.replace("_", "."): value for name, value in labels.items()}
        fitting = [name for name, own in self.labels.items() if expected.items() <= own.items()]
        return [{"Id": f"sha256:{name}", "RepoTags": [name], "Labels": self.labels[name]} for name in reversed(fitting)]

    def must_be_offered(self, reference: str, within: float) -> None:
        self.asked.append(reference)
        if reference not in self.registry:
            raise ImageError(f"asking a registry for {reference} should have worked, but: no such host\nand more")

    def pull(self, reference: str) -> None:
        if reference not in self.registry:
            raise ImageError(f"pulling {reference} should have worked, but: not found")
        self.facts[reference] = self.registry[reference]

    def run(self, image: str, command: list[str]) -> str:
        return json.dumps(self.facts[image])

    def build(self, files: dict[str, bytes], tag: str, arguments: dict[str, str], labels: dict[str, str], network: str) -> list[str]:
        self.facts[tag] = self.facts[arguments["BASE_IMAGE"]]
        self.labels[tag] = labels
        self.networks.append(network)
        return []


def made(engine: MemoryEngine, named: str = "") -> tuple[base_image.Base, list[str]]:
    messages: list[str] = []
    return base_image.make(engine, named, Path("nowhere"), messages.append, official="python:3.11-slim"), messages


def test_official_image() -> None:
    """The official image is used where a registry offers it."""
    engine = MemoryEngine(registry={"python:3.11-slim": FACTS})
    base, messages = made(engine)
    assert base.reference.startswith("hivecheck/base:python-3.11-slim-") and messages == ["pulling the base python:3.11-slim"]
    assert engine.labels[base.reference]["hivecheck.digest"] == "python:3.11-slim@sha256:00"


def test_local_official_image() -> None:
    """A local official image is used without asking a registry."""
    engine = MemoryEngine(local={"python:3.11-slim": FACTS})
    base, messages = made(engine)
    assert base.reference.startswith("hivecheck/base:python-3.11-slim-") and (messages, engine.asked) == ([], [])


def test_named_base_pulled() -> None:
    """A named base is pulled if it is missing, and nothing else is asked for."""
    engine = MemoryEngine(registry={"mirror.example:5000/team/python:3.12": FACTS, "python:3.11-slim": FACTS})
    base, _ = made(engine, "mirror.example:5000/team/python:3.12")
    assert base.reference.startswith("hivecheck/base:python-3.12-") and engine.asked == []


def test_named_base_never_replaced() -> None:
    """A missing named base is never replaced by another."""
    with pytest.raises(ImageError, match=r"pulling mirror\.example/x"):
        made(MemoryEngine(local={"python:3.11-slim": FACTS}), "mirror.example/x")


def test_prepared_base_known() -> None:
    """A prepared base is found again."""
    engine = MemoryEngine(local={"python:3.11-slim": FACTS})
    assert base_image.known(engine, "") is None
    base, _ = made(engine)
    assert base_image.known(engine, "") == base


def test_nameless_image_is_no_base() -> None:
    """A nameless image of an interrupted build is no base."""
    engine = MemoryEngine(local={"python:3.11-slim": FACTS})
    base, _ = made(engine)
    engine.labels = {"<none>:<none>": engine.labels[base.reference]}
    assert base_image.known(engine, "") is None


def test_named_and_automatic_base() -> None:
    """A named base and the automatic one stay apart."""
    engine = MemoryEngine(local={"python:3.11-slim": FACTS, "mine:1": FACTS})
    named, _ = made(engine, "mine:1")
    assert base_image.known(engine, "") is None
    automatic, _ = made(engine)
    assert (base_image.known(engine, "mine:1"), base_image.known(engine, "")) == (named, automatic)
    assert base_image.known(engine, "other:1") is None


def test_complete_base_needs_no_network() -> None:
    """A complete base is prepared without a network."""
    engine = MemoryEngine(local={"python:3.11-slim": FACTS})
    made(engine)
    assert engine.networks == ["none"]


def test_base_stays_without_iptables() -> None:
    """A base without iptables is used, with a notice."""
    engine = MemoryEngine(local={"python:3.11-slim": FACTS | {"missing": ["iptables", "ip"]}})
    base, messages = made(engine)
    assert engine.networks == ["default"]
    assert (
        messages[0].startswith(f"the base {base.reference} goes without iptables and ip") and f"docker rmi {base.reference}" in messages[0]
    )


@pytest.mark.parametrize(("facts", "why"), [({"python": "3.9"}, "it has Python 3.9"), ({"glibc": ""}, "another C library")])
def test_unsuitable_base(facts: dict[str, str], why: str) -> None:
    """A base on which services cannot run is refused."""
    with pytest.raises(ImageError, match=rf"must have Python 3.11 or newer.*{why}"):
        made(MemoryEngine(local={"mine:1": FACTS | facts}), "mine:1")


def test_base_name_by_content() -> None:
    """A base with another content gets another name."""
    assert base_image.reference_of("a/b:1", "sha256:1") != base_image.reference_of("a/b:1", "sha256:2")
