"""Operators on statements: dropped calls, early ends, swallowed exceptions, removed branches, stale values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hivecheck.mutation.generated.expressions import Change
from hivecheck.mutation.generated.source import Function, Source, writes_log_only

SET_UP = ("__init__", "__post_init__")  # without an attribute the first use raises AttributeError


def dropped_calls(source: Source) -> Iterator[Change]:
    """A call does not happen, awaited or not. Nothing uses its result."""
    for node in source.nodes(ast.Expr):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        # Without the call of `main` nothing starts, and that proves nothing.
        if isinstance(value, ast.Call) and source.function(node) and not _is_whole_loop(source, node):
            yield node, *source.span(node), "pass"


def early_returns(source: Source) -> Iterator[Change]:
    """A function without a result returns before its last statement."""
    for node in source.nodes(*Function.__args__):
        steps = [step for step in node.body if not (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))]
        own = [part for part in ast.walk(node) if source.function(part) is node]
        has_result = any(isinstance(part, ast.Yield | ast.YieldFrom) or (isinstance(part, ast.Return) and part.value) for part in own)
        if len(steps) > 1 and not has_result and node.name not in SET_UP and not writes_log_only(steps[-1]):
            yield steps[-1], *source.span(steps[-1]), "return"


def first_only(source: Source) -> Iterator[Change]:
    """A loop ends after its first element."""
    for node in source.nodes(ast.For, ast.AsyncFor):
        if not isinstance(node.body[-1], ast.Return | ast.Raise | ast.Break | ast.Continue):
            end = source.span(node)[1] if not node.orelse else source.span(node.body[-1])[1]
            yield node, end, end, f"\n{source.indent(node.body[-1])}break"
    for node in source.nodes(ast.Continue):
        yield node, *source.span(node), "break"


def swallowed(source: Source) -> Iterator[Change]:
    """A handler does not raise, or handles each exception."""
    for node in source.nodes(ast.ExceptHandler):
        for step in node.body:
            if isinstance(step, ast.Raise):
                yield step, *source.span(step), "pass"
        if node.type is not None and source.segment(node.type) not in ("Exception", "BaseException"):
            yield node.type, *source.span(node.type), "Exception"


def unhandled(source: Source) -> Iterator[Change]:
    """A handler does nothing about its exception."""
    for node in source.nodes(ast.ExceptHandler):
        has_only_raise = len(node.body) == 1 and isinstance(node.body[0], ast.Raise | ast.Pass | ast.Continue)
        if not has_only_raise and not all(writes_log_only(step) for step in node.body):
            yield _block(source, node.body)


def removed_branches(source: Source) -> Iterator[Change]:
    """The body of an `if`, of an `else` or of a `finally` does nothing."""
    for node in source.nodes(ast.If):
        if not all(writes_log_only(step) for step in node.body):
            yield _block(source, node.body)
        # The `if` of an `elif` has its own turn.
        if node.orelse and not (len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)):
            yield _block(source, node.orelse)
    for node in source.nodes(ast.Try):
        if node.finalbody:
            yield _block(source, node.finalbody)


def stale_names(source: Source) -> Iterator[Change]:
    """A name keeps its old value: an assignment to a name that has one already does not happen."""
    for node in source.nodes(ast.Assign, ast.AugAssign):
        function = source.function(node)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if function is None or len(targets) != 1 or not isinstance(targets[0], ast.Name) or _is_whole_loop(source, node):
            continue
        if targets[0].id in _names_before(function, node.lineno):
            yield node, *source.span(node), "pass"


def stale_attributes(source: Source) -> Iterator[Change]:
    """An attribute or an element keeps its old value."""
    for node in source.nodes(ast.Assign, ast.AugAssign):
        function = source.function(node)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        is_set_up = function is None or function.name in SET_UP
        if not is_set_up and all(isinstance(target, ast.Attribute | ast.Subscript) for target in targets):
            yield node, *source.span(node), "pass"


def deletions(source: Source) -> Iterator[Change]:
    """An element is not deleted."""
    for node in source.nodes(ast.Delete):
        yield node, *source.span(node), "pass"


def _is_whole_loop(source: Source, node: ast.stmt) -> bool:
    """Whether a `while` has no other statement: without this one it would only turn."""
    parent = source.parent(node)
    return isinstance(parent, ast.While) and len(parent.body) == 1


def _block(source: Source, body: list[ast.stmt]) -> Change:
    return body[0], source.span(body[0])[0], source.span(body[-1])[1], "pass"


def _names_before(function: ast.FunctionDef | ast.AsyncFunctionDef, line: int) -> set[str]:
    """The parameters, and the names that a statement above this line assigns."""
    arguments = function.args
    names = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    stored = (part for part in ast.walk(function) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    return names | {part.id for part in stored if part.lineno < line}
