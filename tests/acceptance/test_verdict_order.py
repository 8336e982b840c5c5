"""The seed decides the order of the scenarios, and nothing else does."""

import pytest
from sample_project import scenario

pytestmark = pytest.mark.slow

ALONE = """
@step("no stack is up but its own")
def alone(context):
    nodes = [process.pid for node in context.world.stack.nodes.values() for process in node.processes()]
    others = Path("nodes.txt")
    still = [pid for pid in others.read_text().split() if Path("/proc", pid).exists()] if others.exists() else []
    assert not still, f"expected: the nodes of the stack before exited\\nactual: {still}"
    others.write_text(" ".join(map(str, nodes)))
"""
WORDS = ("one", "two", "three", "four", "five", "six")


def order(project, seed):
    """The order in which scenarios run with this seed."""
    for name in ("first", "second"):
        project.feature(*(scenario(f"It says {word}", f"it is noted that {name}-{word} runs") for word in WORDS), name=name)
    (project.folder / "notes.txt").unlink(missing_ok=True)
    ended = project.run("-D", f"seed={seed}")
    ended.must_end(0, "PASSED  12 passed")
    assert f"--seed {seed}" in ended.output
    return project.notes()


def test_seed_decides_order(project):
    """One seed gives one order of scenarios, and another seed another order."""
    first, again, other = order(project, 7), order(project, 7), order(project, 8)
    assert first == again
    assert first != other
    assert sorted(first) == sorted(other)


def test_drawn_seed(project):
    """A run without a seed draws one and prints it."""
    project.feature(scenario("It passes", "it works"))
    seeds = {project.run().junit.find(".//property[@name='seed']").get("value") for _ in range(2)}
    assert len(seeds) == 2
    assert "0" not in seeds


def test_unneeded_stack(project):
    """A stack stops as soon as no later scenario needs its topology."""
    project.add_steps(ALONE)
    for name in ("small", "attached"):
        words = f"@integration @topology.{name}"
        project.feature(scenario(f"It is alone on {name}", "no stack is up but its own"), name=name, tags=words)
    project.run().must_end(0, "PASSED  2 passed")
