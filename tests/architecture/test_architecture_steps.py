"""Steps are grammar: thin, unambiguous, all of them spoken; features are text."""

from __future__ import annotations

import ast
import re
from collections import Counter
from contextlib import chdir
from functools import cache
from itertools import dropwhile
from pathlib import Path
from typing import Any

from behave.model import Scenario, Step
from behave.parser import parse_file
from behave.runner import the_step_registry
from behave.runner_util import load_step_modules
from source_tree import ROOT, Function, functions, project_files, python_files, tree_of

from hivecheck import tags
from hivecheck.bdd import parameter_types
from hivecheck.world.cluster.workers import SERVING, THAT

STEP_LINES = 8
MOST_SECOND_ACTS = 10
PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
# Most steps call `called` themselves. The other methods do, or they take more than one kind of pronoun.
RESOLVING = (
    "workers.called",
    "workers.must_stay_routable",
    "workers.must_have_status",
    "workers.must_leave_registry",
    "cluster.must_run",
    "worker_lifecycle.must_have_restarted",
    "faults.inject",
    "faults.remove",
    "faults.await_end",
)
# One story in two acts, with a state that only exists between them. Title -> what must be judged before the second act.
SECOND_ACTS = {
    "A hive that starts with a damaged catalogue rebuilds it from every intact row": "the catalogue while the hub cannot help",
    "A registry that cannot write its database reports degraded health, serves from memory and stores its entries later": "its queue",
    "A hive without free descriptors rejects new connections and completes its streams": "the rejection of a connection",
    "A hive reports the progress of a download while its client waits": "the progress of a slow download",
    "A hive without disk space refuses a model, leaves no partial file and recovers": "the absence of a partial file",
    "A disk that fills up during a download fails it cleanly, and the hive recovers": "the absence of a partial file",
}
ENDS = ast.Return | ast.Yield | ast.YieldFrom
FEATURES = [name for name in project_files() if name.endswith(".feature")]
SCENARIOS = [scenario for name in FEATURES for scenario in parse_file(str(ROOT / name)).walk_scenarios()]
STEPS = [step for name in python_files("steps") for step in functions(name)]


@cache
def definitions() -> dict[str, list[Any]]:
    """Step definitions by type, as behave loads them."""
    parameter_types.register()
    with chdir(ROOT):
        load_step_modules([str(ROOT / "steps")])
    return dict(the_step_registry.steps)


@cache
def spoken() -> tuple[tuple[str, Step], ...]:
    """Every step of every scenario, outlines filled in, with where it stands."""
    return tuple((f"{step.filename}:{step.line} {step.keyword} {step.name}", step) for scenario in SCENARIOS for step in scenario.all_steps)


def fitting(step: Step) -> list[Any]:
    """The definitions that take a step."""
    candidates = [*definitions()[step.step_type], *definitions().get("step", [])]
    return [definition for definition in candidates if definition.match(step.name)]


def test_step_size() -> None:
    """A step has at most eight lines."""
    assert {step.where: step.lines for step in STEPS if step.lines > STEP_LINES} == {}


def test_step_without_branch() -> None:
    """A step has no branch."""
    forks = ast.If | ast.IfExp | ast.Match | ast.Try | ast.While
    assert [step.where for step in STEPS for node in ast.walk(step.node) if isinstance(node, forks)] == []


def test_step_without_result() -> None:
    """A step returns nothing, because behave ignores the value."""
    ends = [(step.where, node) for step in STEPS for node in ast.walk(step.node) if isinstance(node, ENDS)]
    assert [where for where, node in ends if node.value is not None] == []


def test_step_reads_world() -> None:
    """A step reads context.world and nothing else of its context."""
    assert [step.where for step in STEPS if _uses_of_context(step) != _looks_at_world(step)] == []


def test_step_functions() -> None:
    """Every function of a step file is a step."""
    assert [step.where for step in STEPS if not step.node.decorator_list or step.node.args.args[0].arg != "context"] == []


def test_step_file_content() -> None:
    """A step file holds a docstring, imports and steps."""
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef)
    odd = [f"{name}:{node.lineno}" for name in python_files("steps") for node in tree_of(name).body[1:] if not isinstance(node, allowed)]
    assert odd == []


def test_step_is_unambiguous() -> None:
    """Every step of a feature has exactly one definition."""
    counted = {where: len(fitting(step)) for where, step in spoken()}
    assert {where: count for where, count in counted.items() if count != 1} == {}


def test_step_is_used() -> None:
    """Every step definition is used by a feature."""
    used = {id(definition) for _, step in spoken() for definition in fitting(step)}
    unused = [f"{item.location}: {item.pattern}" for items in definitions().values() for item in items if id(item) not in used]
    assert unused == []


def test_parameter_types() -> None:
    """Every parameter of a step has a type."""
    bare = [item.pattern for items in definitions().values() for item in items for part in item.pattern.split("{")[1:] if ":" not in part]
    assert bare == []


def test_step_resolves_pronouns() -> None:
    """A step turns `that worker` and `the worker serving the request` into a worker's id before it uses them."""
    # A check compares names with journals, so a pronoun would fail a correct stack.
    assert [f"{step.where}: {name}" for step in STEPS for name in _pronouns(step) if not _resolves(step, name)] == []


def test_tags_known() -> None:
    """Every tag of a feature is a known tag."""
    for scenario in SCENARIOS:
        tags.must_be_known(scenario.effective_tags, str(scenario.location))


def test_scenario_has_requirement() -> None:
    """Every scenario has the tag of a requirement."""
    assert [str(scenario.location) for scenario in SCENARIOS if not tags.requirements_of(scenario.effective_tags)] == []


def test_one_behaviour() -> None:
    """A scenario has no When after a Then, except the listed stories in two acts."""
    found = {one.name.partition(" -- ")[0] for one in SCENARIOS if "when" in _after_first_then(one)}
    assert found == set(SECOND_ACTS)
    assert len(SECOND_ACTS) <= MOST_SECOND_ACTS


def test_fault_under_load() -> None:
    """Every scenario with a fault runs under a load, and a step judges that load."""
    injects = " is injected into | are injected and removed"
    hurt = [one for one in SCENARIOS if _is_of_the_matrix(one) or ("chaos" in one.effective_tags and _says(one, "when", injects))]
    assert len(hurt) > 40
    assert [str(one.location) for one in hurt if not _says(one, "given", "^steady load of ")] == []
    assert [str(one.location) for one in hurt if not _says(one, "then", "load request|the load on")] == []


def test_scenario_titles_unique() -> None:
    """Scenario titles are unique within a feature file name."""
    named = Counter((Path(scenario.filename).name, scenario.name) for scenario in SCENARIOS)
    assert [pair for pair, count in named.items() if count > 1] == []


def test_features_hold_gherkin() -> None:
    """The folder features/ holds Gherkin only."""
    assert [name for name in project_files() if name.startswith("features/") and not name.endswith(".feature")] == []


def test_step_file_names() -> None:
    """Step files are flat and end in _steps.py, so that none shadows a package."""
    below = [name for name in project_files() if name.startswith("steps/")]
    assert [name for name in below if name != "steps/__init__.py" and (name.count("/") != 1 or not name.endswith("_steps.py"))] == []


def _after_first_then(scenario: Scenario) -> list[str]:
    """The types of all steps after the first Then."""
    return list(dropwhile(lambda kind: kind != "then", [step.step_type for step in scenario.all_steps]))


def _is_of_the_matrix(scenario: Scenario) -> bool:
    return any(name.startswith(("NF-", "WC-", "RE-")) for name in scenario.effective_tags)


def _says(scenario: Scenario, kind: str, words: str) -> bool:
    return any(step.step_type == kind and re.search(words, step.name) for step in scenario.all_steps)


def _pronouns(step: Function) -> list[str]:
    """The parameters of a step that can be a pronoun, by their types."""
    found = PARAMETER.findall(ast.unparse(step.node.decorator_list[0]))
    patterns = {name: parameter_types.TYPES[kind][0] for name, kind in found}
    return [name for name, pattern in patterns.items() if THAT in pattern or SERVING in pattern]


def _resolves(step: Function, name: str) -> bool:
    """Each use of the parameter is the argument of a method that resolves it."""
    uses = [node for node in ast.walk(step.node) if isinstance(node, ast.Name) and node.id == name]
    calls = [node for node in ast.walk(step.node) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    resolved = [arg for call in calls if ast.unparse(call.func).endswith(RESOLVING) for arg in call.args]
    return bool(uses) and all(use in resolved for use in uses)


def _uses_of_context(step: Function) -> int:
    return sum(isinstance(node, ast.Name) and node.id == "context" for node in ast.walk(step.node))


def _looks_at_world(step: Function) -> int:
    """How often `context.world` is read; setting it is no look."""
    looks = [node for node in ast.walk(step.node) if isinstance(node, ast.Attribute) and node.attr == "world"]
    return sum(isinstance(node.value, ast.Name) and node.value.id == "context" and isinstance(node.ctx, ast.Load) for node in looks)


def test_start_times_are_measured_alone() -> None:
    """A scenario that judges a start of the gateway in seconds runs alone, because other stacks start on the same processors."""
    timed = [scenario for scenario in SCENARIOS if any("orchestrator return time" in step.name for step in scenario.all_steps)]
    assert timed
    assert [scenario.name for scenario in timed if "exclusive" not in scenario.effective_tags] == []
