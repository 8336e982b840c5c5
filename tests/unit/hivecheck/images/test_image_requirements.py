"""Which locked requirements go into the image."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from configparser import ConfigParser

import pytest

from hivecheck.errors import ImageError
from hivecheck.images import requirements
from hivecheck.settings import PROJECT_ROOT

LOCK = """\
direct==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via
    #   hivecheck (setup.cfg)
    #   other
leaf-name==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:bb
    # via middle
middle==3.0 \\
    --hash=sha256:cc
    # via
    #   direct
    #   other
other==4.0 \\
    --hash=sha256:dd
    # via hivecheck (setup.cfg)
"""


def test_closure() -> None:
    """A requirement includes its dependencies and nothing else."""
    actual = requirements.closure(LOCK, ["Direct"])
    assert [line.split()[0] for line in actual.splitlines() if not line.startswith(" ")] == ["direct==1.0", "leaf-name==2.0", "middle==3.0"]


def test_lock_content() -> None:
    """Versions, markers and hashes are those of the lock."""
    actual = requirements.closure(LOCK, ["middle"])
    assert actual == "leaf-name==2.0 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\nmiddle==3.0 \\\n    --hash=sha256:cc\n"


def test_unlocked_requirement() -> None:
    """An unlocked requirement is an error."""
    with pytest.raises(ImageError, match="should have absent"):
        requirements.closure(LOCK, ["absent"])


def test_services_requirements() -> None:
    """The listed requirements are what the services import."""
    config = ConfigParser()
    config.read(PROJECT_ROOT / "setup.cfg", encoding="utf-8")
    listed = {name.lower() for name in config["options.extras_require"]["services"].split()}
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PROJECT_ROOT / "services").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    outside = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names) - {"services"}
    packages = importlib.metadata.packages_distributions()
    imported = {packages[module][0].lower().replace("_", "-") for module in outside}
    assert listed - imported == set()
    assert imported - listed == {"multidict", "yarl"}, "aiohttp's own types may come with aiohttp; anything else is listed"
    assert listed <= {name.lower() for name in config["options"]["install_requires"].split()}


def test_services_requirements_locked() -> None:
    """Each requirement of the services is in the image, and none of the harness alone."""
    config = ConfigParser()
    config.read(PROJECT_ROOT / "setup.cfg", encoding="utf-8")
    listed = {name.lower() for name in config["options.extras_require"]["services"].split()}
    locked = set(re.findall(r"^([^\s=]+)==", requirements.of_services(), re.MULTILINE))
    assert listed <= locked
    assert locked & {"behave", "docker", "testcontainers"} == set()


def test_lock_without_registry() -> None:
    """The lock names no registry."""
    lock = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", lock) == []
