"""A promise of the system under test that is broken fails its scenario: no wait turns it into missing facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from source_tree import Function, functions, python_files

from hivecheck import timeouts

# A budget is a promise of the system exactly if its sentence names the requirement. All others are patience of the harness.
REQUIREMENT = re.compile(r"\([A-Z]+-\d+\)\.$")
PROMISED = {name.replace(" ", "_") for name, _, sentence in timeouts.sentences() if REQUIREMENT.search(sentence)}


def test_budgets_of_both_kinds() -> None:
    """Some budgets are promises, and some are patience."""
    assert {"restart", "worker_detection"} <= PROMISED
    assert {"settling", "node_ready"}.isdisjoint(PROMISED)


def test_promise_is_asserted() -> None:
    """A wait for a promised budget, or for one that the step names, ends in an assertion after the budget."""
    soft = [
        f"{function.where}: {ast.unparse(budget)}"
        for name in python_files("hivecheck")
        if name.startswith("hivecheck/world/")
        for function in functions(name)
        for budget in soft_budgets(function)
        if is_promise(function, budget)
    ]
    assert soft == []


def test_act_has_no_budget() -> None:
    """A step that names a budget is a `Then`, or a wait that may stand anywhere, and never an act alone."""
    acts = [step.where for name in python_files("steps") for step in functions(name) if is_act(step) and "within" in parameters(step)]
    assert acts == []


def soft_budgets(function: Function) -> Iterator[ast.expr]:
    """The budgets of all calls of `eventually` that raise no AssertionError."""
    for call in (node for node in ast.walk(function.node) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in ("eventually", "eventually_all"):
            given = {word.arg: word.value for word in call.keywords}
            if ast.unparse(given.get("otherwise", ast.Constant(None))) != "AssertionError":
                yield given["within"]


def is_promise(function: Function, budget: ast.expr) -> bool:
    """Whether the value of the budget is promised: directly, by a local name, or by a step's parameter."""
    names = {node.id for node in ast.walk(budget) if isinstance(node, ast.Name)}
    local = [node for node in ast.walk(function.node) if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in names]
    sources = [budget, *(node.value for node in local)]
    words = {node.attr for source in sources for node in ast.walk(source) if isinstance(node, ast.Attribute)}
    return bool(words & PROMISED or "within" in names & parameters(function))


def parameters(function: Function) -> set[str]:
    every = (*function.node.args.args, *function.node.args.kwonlyargs)
    return {argument.arg for argument in every}


def is_act(step: Function) -> bool:
    """Whether the step can be a `Given` or a `When` only."""
    called = {ast.unparse(mark.func) for mark in step.node.decorator_list if isinstance(mark, ast.Call)}
    return called <= {"given", "when"}
