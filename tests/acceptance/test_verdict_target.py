"""A run of another gateway: undeclared requirements are not supported, declared ones must pass, and a table lists both."""

import json
import sys

import pytest
from sample_project import scenario

from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

TOY = PROJECT_ROOT / "tests" / "contract" / "toy_gateway.py"
TARGET = f"""
name = "toy"
summary = "A toy."
command = ["{sys.executable}", "{TOY}", "--port", "$port"]
[ready]
path = "/"
body = {{ "known.models" = 1 }}
[[register]]
path = "/workers"
body = {{ model = "$model", url = "$url" }}
[declares]
requirements = ["SVC-002", "SVC-003"]
"""
STEPS = """
@step("a client is answered")
def answered(context):
    context.world.requests.chats.ask("model-a")
    assert all(operation.is_answered for operation in context.world.history.operations())


@step("the model is offered")
def offered(context):
    context.world.requests.chats.must_be_offered_exactly(["model-a"])
"""


def test_declared_and_undeclared(project):
    """A declared requirement must pass, an undeclared one is not supported, and the table lists both."""
    project.write("toy.toml", TARGET)
    project.add_steps(STEPS)
    project.feature(
        scenario("It chats", "a client is answered", tags="@SVC-003"),
        scenario("It offers", "the model is offered", tags="@SVC-002"),
        scenario("It juggles", "the answer is wrong", tags="@SVC-005"),
        tags="@integration @topology.small",
    )
    ended = project.run("-D", "target=toy.toml", "-D", "seed=7")
    ended.must_end(1, "FAILED  1 failed; 1 passed, 0 inconclusive, 1 not supported")
    assert ended.verdict_of("It juggles") == ("skipped", "skipped")
    assert "toy does not declare SVC-005" in ended.text_of("It juggles")
    assert "without a list of models: (models: model-a)" in ended.text_of("It offers")
    rows = json.loads((project.folder / "reports" / "conformance.json").read_text())["requirements"]
    assert {name: row["verdict"] for name, row in rows.items()} == {"SVC-002": "failed", "SVC-003": "passed", "SVC-005": "not supported"}
    again = rows["SVC-002"]["reproduce"]
    assert again.endswith("--platform process --target toy.toml --seed 7")
    assert f"| SVC-002 | failed | 0 of 1 | `{again}` |" in (project.folder / "reports" / "conformance.md").read_text()


def test_malformed_target(project):
    """A malformed target file has no verdict and a message with the next step."""
    project.write("toy.toml", TARGET.replace('path = "/"', 'path = ""'))
    project.feature(scenario("It passes", "it works"))
    ended = project.run("-D", "target=toy.toml")
    assert ended.exit_code == 2
    assert "target toy.toml: Expected `str` of length >= 1 - at `$.ready.path`; docs/targets.md" in ended.output


def test_unknown_target(project):
    """An unknown target has no verdict and a message with the known ones."""
    project.feature(scenario("It passes", "it works"))
    ended = project.run("-D", "target=nginx")
    assert ended.exit_code == 2
    assert "There is no target 'nginx'. Known: reference, vllm-router" in ended.output
