"""Declared stacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.errors import TopologyError
from hivecheck.topologies import topology

BASE = """
summary = "One of each."
[[nodes]]
name = "registry"
service = "registry"
settings = { ttl_seconds = 1.5 }
[[nodes]]
name = "hive-1"
service = "hive"
settings = { registry_url = "{registry}", workers = [{ id = "worker-1", models = ["model-a"] }] }
"""
URLS = {"registry": "http://127.0.0.1:1", "hive-1": "http://127.0.0.1:2"}


def declare(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", topology.names())
def test_shipped_topologies(name: str) -> None:
    """Every shipped topology loads and has a registry and an orchestrator."""
    shipped = topology.load(name)
    assert shipped.summary.endswith(".")
    assert [len(shipped.of(service)) for service in ("registry", "orchestrator")] == [1, 1]
    assert shipped.workers()


@pytest.mark.parametrize("name", topology.names())
def test_rendered_completely(name: str) -> None:
    """Rendering replaces every node name in the settings of a shipped topology."""
    shipped = topology.load(name)
    urls = {node.name: f"http://127.0.0.1:{port}" for port, node in enumerate(shipped.nodes, start=1)}
    rendered = str([topology.render(node.settings, urls) for node in shipped.nodes])
    assert not [node.name for node in shipped.nodes if "{" + node.name + "}" in rendered]


def test_workers_of_topology() -> None:
    """The workers are the managed and the attached ones."""
    assert topology.load("small").workers() == {"worker-1": ("model-a",), "worker-2": ("model-a",)}
    assert topology.load("attached").workers() == {"worker-1": ("model-shared", "model-a"), "worker-2": ("model-b", "model-shared")}


def test_managed_workers() -> None:
    """A hive manages its own workers, and an undeclared hive none."""
    assert topology.load("default").managed("hive-1") == ("worker-a", "worker-shared-1")
    assert topology.load("attached").managed("hive-1") == ()
    assert topology.load("default").managed("hive-9") == ()


def test_extends(tmp_path: Path) -> None:
    """A topology extends another one with more nodes and changed settings."""
    more = """
    extends = "base"
    [change.registry]
    ttl_seconds = 9.0
    removal_seconds = 1.0
    [[nodes]]
    name = "hive-2"
    service = "hive"
    """
    actual = topology.load("more", declare(tmp_path, base=BASE, more=more))
    assert [node.name for node in actual.nodes] == ["registry", "hive-1", "hive-2"]
    assert (actual.name, actual.summary) == ("more", "One of each.")
    assert actual.nodes[0].settings == {"ttl_seconds": 9.0, "removal_seconds": 1.0}


def test_change_stays_local(tmp_path: Path) -> None:
    """A change applies to the extending topology only."""
    folder = declare(tmp_path, base=BASE, other='extends = "base"\nsummary = "Other."\n[change.registry]\nttl_seconds = 9.0')
    assert topology.load("other", folder).summary == "Other."
    assert topology.load("base", folder).nodes[0].settings == {"ttl_seconds": 1.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nodes = [", "topology bad: bad.toml is no TOML: "),
        ('colour = "red"', "topology bad: unknown key 'colour'; accepted: summary, extends, change, nodes"),
        ('summary = "None."', "topology bad: has no nodes; declare at least one [[nodes]]"),
        ('nodes = [{ name = "x" }]', "topology bad: Object missing required field `service` - at `$.nodes[0]`"),
        ('nodes = [{ name = "x", service = "hive", port = 1 }]', "topology bad: Object contains unknown field `port`"),
        ('nodes = [{ name = "x", service = "hub" }]', "topology bad: node x runs 'hub'; accepted: registry, orchestrator, hive, worker"),
        (BASE + '[[nodes]]\nname = "hive-1"\nservice = "hive"', "topology bad: two nodes are called hive-1"),
        ('extends = "bad"', "topology bad: extends itself by way of bad"),
        ('extends = "nothing"', "actual: 'nothing'\nnext: name one of bad, base"),
        ('extends = "bsae"', "actual: 'bsae'\nnext: did you mean base?"),
        ('extends = "base"\n[change.hive-7]\nx = 1', "[change.hive-7] names no node of base; it has registry, hive-1"),
        ('extends = "base"\n[[nodes]]\nservice = "hive"', "topology bad: Object missing required field `name`"),
    ],
)
def test_wrong_topology_refused(tmp_path: Path, text: str, message: str) -> None:
    """A wrong topology is refused with the reason."""
    with pytest.raises(TopologyError) as caught:
        topology.load("bad", declare(tmp_path, base=BASE, bad=text))
    assert message in str(caught.value)


def test_extension_cycle_refused(tmp_path: Path) -> None:
    """A cycle of extensions is refused."""
    with pytest.raises(TopologyError, match="topology one: extends itself by way of one -> two"):
        topology.load("one", declare(tmp_path, one='extends = "two"', two='extends = "one"'))


def test_render_depth() -> None:
    """Rendering replaces names at every depth and leaves other braces."""
    settings = {"url": "{registry}", "deep": [{"env": {"A": "x={hive-1}/v1", "B": "{token}"}}], "n": 1, "pair": ("{registry}",)}
    assert topology.render(settings, URLS) == {
        "url": URLS["registry"],
        "deep": [{"env": {"A": f"x={URLS['hive-1']}/v1", "B": "{token}"}}],
        "n": 1,
        "pair": [URLS["registry"]],
    }


@given(st.dictionaries(st.text(), st.text(alphabet=st.characters(exclude_characters="{}")) | st.integers() | st.booleans()))
def test_render_identity(settings: dict[str, object]) -> None:
    """Settings without braces stay as they are."""
    assert topology.render(settings, URLS) == settings
