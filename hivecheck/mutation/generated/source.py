"""One file of the services as text and syntax tree: the place of each node, the scope around it, and what no operator touches."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

LOGGERS = ("log", "logging", "logger", "logs")  # a call on one of these writes a log line, which no requirement describes
DECLARATION = ("frozen", "slots", "kw_only", "eq", "gc")  # of a class: they guard the code against its authors
MODULE = "<module>"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Source:
    """A file that is parsed once. `targets` are the nodes that an operator may change, in the order of the text."""

    file: str
    text: str
    tree: ast.Module = field(init=False)
    targets: list[ast.AST] = field(init=False, default_factory=list)
    _parents: dict[ast.AST, ast.AST] = field(init=False, default_factory=dict)
    _line_starts: list[int] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.text)
        start = 0
        self._lines = self.text.splitlines(keepends=True)
        for line in self._lines:
            self._line_starts.append(start)
            start += len(line)
        self._visit(self.tree)

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """The targets of these types. Any: the caller knows the type that it asked for."""
        return (node for node in self.targets if isinstance(node, kinds))

    def span(self, node: Any) -> tuple[int, int]:
        """Where the node begins and ends in the text."""
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around this one, the nearest first."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement: the node itself if it is one."""
        return next(one for one in (node, *self.parents(node)) if isinstance(one, ast.stmt))

    def function(self, node: ast.AST) -> Function | None:
        """The innermost function around the node."""
        return next((one for one in self.parents(node) if isinstance(one, Function)), None)

    def scope(self, node: ast.AST) -> str:
        """The qualified name of the function or class around the node."""
        names = [one.name for one in self.parents(node) if isinstance(one, Function | ast.ClassDef)]
        return ".".join(reversed(names)) or MODULE

    def indent(self, statement: ast.stmt) -> str:
        return self._lines[statement.lineno - 1][: statement.col_offset]

    def _offset(self, line: int, column: int) -> int:
        # The columns of `ast` count bytes of UTF-8.
        text = self._lines[line - 1]
        width = column if text.isascii() else len(text.encode()[:column].decode())
        return self._line_starts[line - 1] + width

    def _visit(self, node: ast.AST) -> None:
        self.targets.append(node)
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self._parents[child] = node
                    if not _has_no_requirement(node, name, child):
                        self._visit(child)


def _has_no_requirement(parent: ast.AST, name: str, node: ast.AST) -> bool:
    """Annotations, docstrings, log lines, `__slots__`, imports for types, and texts of messages."""
    if name in ("annotation", "returns", "type_comment") or isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.stmt) and writes_log_only(node):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.keyword) and node.arg in DECLARATION:
        return True
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in ("__slots__", "__all__") for target in node.targets)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute) and parent.func.attr == "getLogger"


def writes_log_only(statement: ast.stmt) -> bool:
    """Whether all that a statement does is to write lines of the log."""
    if isinstance(statement, ast.If | ast.For):
        return all(writes_log_only(part) for part in (*statement.body, *statement.orelse))
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _is_log_line(statement.value)


def _is_log_line(call: ast.Call) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id in LOGGERS


def fingerprint(text: str, file: str) -> tuple[Any, ...]:
    """What Python executes of a text, without line numbers. Raises SyntaxError."""
    return _of_code(compile(text, file, "exec", dont_inherit=True))


def _of_code(code: CodeType) -> tuple[Any, ...]:
    # The type of a constant counts: 1, 1.0 and True are equal.
    constants = tuple(_of_code(one) if isinstance(one, CodeType) else (type(one).__name__, repr(one)) for one in code.co_consts)
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags, code.co_argcount)
