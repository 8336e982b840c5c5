"""Operators on expressions: comparisons, numbers, conditions, arguments, keys. Each yields a node, its new text, and the place of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hivecheck.mutation.generated.source import Source

Change = tuple[ast.AST, int, int, str]  # the changed node, and what replaces which part of the text

BOUNDARIES = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">")}
OPPOSITES = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
# The order of the arguments means nothing to the first two. The others raise TypeError at the first call.
UNORDERED = ("min", "max", "isinstance", "issubclass", "getattr", "setattr", "hasattr")
PLACES = ast.Name | ast.Attribute | ast.Subscript  # a slip of the pen swaps two names, and seldom a name and a number
NUMERIC = ("len", "sum", "monotonic", "time", "max", "min")
KEYED = ("get", "pop", "setdefault")
FIRST_STATUS, LAST_STATUS = 100, 599  # of HTTP: another status is a defect, twice the status is noise


def boundaries(source: Source) -> Iterator[Change]:
    """`<` becomes `<=`, and so on."""
    yield from _compared(source, BOUNDARIES)


def opposites(source: Source) -> Iterator[Change]:
    """`==` becomes `!=`, `in` becomes `not in`, and so on."""
    yield from _compared(source, OPPOSITES)


def negations(source: Source) -> Iterator[Change]:
    """A condition gets a `not`, or loses the one that it has."""
    for node in source.nodes(ast.If, ast.IfExp, ast.comprehension):
        for test in node.ifs if isinstance(node, ast.comprehension) else [node.test]:
            # The operator above reverses a single comparison.
            if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in OPPOSITES:
                continue
            start, end = source.span(test)
            if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                yield test, start, source.span(test.operand)[0], ""
            else:
                yield test, start, end, f"(not ({source.text[start:end]}))"


def connectives(source: Source) -> Iterator[Change]:
    """`and` becomes `or`, and the reverse. One operand of several is left out."""
    for node in source.nodes(ast.BoolOp):
        for left, right in zip(node.values, node.values[1:], strict=False):
            gap = source.span(left)[1], source.span(right)[0]
            word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            yield node, *gap, source.text[gap[0] : gap[1]].replace(word, other, 1)
        yield node, source.span(node.values[-2])[1], source.span(node)[1], ""


def numbers_beside(source: Source) -> Iterator[Change]:
    """A whole number in a sum, an index, a slice, a range or a comparison is off by one."""
    for node in source.nodes(ast.Constant):
        if type(node.value) is int and _is_position(source, node):
            start, end = source.span(node)
            # Beyond the end of a pair there is only an IndexError, and 199 is no status of HTTP.
            is_index = isinstance(source.parent(node), ast.Subscript)
            if not is_index or node.value == 0:
                yield node, start, end, str(node.value + 1)
            if 1 < node.value < FIRST_STATUS or (is_index and node.value > 0):
                yield node, start, end, str(node.value - 1)


def sums(source: Source) -> Iterator[Change]:
    """`+` becomes `-`, and the reverse, where an operand shows a number."""
    for node in source.nodes(ast.BinOp):
        if isinstance(node.op, ast.Add | ast.Sub) and _is_sum(node):
            gap = source.span(node.left)[1], source.span(node.right)[0]
            sign, other = ("+", "-") if isinstance(node.op, ast.Add) else ("-", "+")
            yield node, *gap, source.text[gap[0] : gap[1]].replace(sign, other, 1)


def constants(source: Source) -> Iterator[Change]:
    """A number elsewhere is twice as large, and a truth value is the other one."""
    for node in source.nodes(ast.Constant):
        start, end = source.span(node)
        if isinstance(node.value, bool):
            yield node, start, end, str(not node.value)
        elif isinstance(node.value, int | float) and not _is_position(source, node):
            is_step = node.value == 0 or (isinstance(node.value, int) and FIRST_STATUS <= node.value <= LAST_STATUS)
            yield node, start, end, str(node.value + 1 if is_step else node.value * 2)


def arguments(source: Source) -> Iterator[Change]:
    """Two neighbouring arguments change places."""
    for call in source.nodes(ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id in UNORDERED:
            continue
        for one, other in zip(call.args, call.args[1:], strict=False):
            if not _is_confusable(call, one, other):
                continue
            texts = source.segment(one), source.segment(other)
            start, end = source.span(one)[0], source.span(other)[1]
            between = source.text[source.span(one)[1] : source.span(other)[0]]
            yield call, start, end, texts[1] + between + texts[0]


def keys(source: Source) -> Iterator[Change]:
    """A key of a mapping is the next one of the same file, or lacks its second part."""
    found = [key for node in source.nodes(ast.Subscript, ast.Call, ast.Dict) for key in _keys(node)]
    texts = sorted({str(key.value) for key in found if isinstance(key, ast.Constant)})
    for key in found:
        start, end = source.span(key)
        if isinstance(key, ast.Tuple):
            first, second = key.elts[0], key.elts[1]
            if source.segment(first) != source.segment(second):
                yield key, *source.span(second), source.segment(first)
        elif isinstance(key, ast.Constant) and len(texts) > 1:
            other = texts[(texts.index(str(key.value)) + 1) % len(texts)]
            yield key, start, end, f'"{other}"'


def defaults(source: Source) -> Iterator[Change]:
    """`a or b` and `mapping.get(key, b)` take the default in place of the value that is configured or stored."""
    for node in source.nodes(ast.BoolOp):
        if isinstance(node.op, ast.Or) and isinstance(source.parent(node), ast.Assign | ast.keyword | ast.Return | ast.Call):
            yield node, *source.span(node), source.segment(node.values[-1])


def _keys(node: ast.AST) -> list[ast.expr]:
    """The keys in this node that are texts or tuples."""
    found: list[ast.expr | None] = []
    if isinstance(node, ast.Subscript):
        found = [node.slice]
    elif isinstance(node, ast.Dict):
        found = list(node.keys)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEYED:
        found = list(node.args[:1])
    return [
        key
        for key in found
        if (isinstance(key, ast.Constant) and isinstance(key.value, str)) or (isinstance(key, ast.Tuple) and len(key.elts) > 1)
    ]


def _compared(source: Source, table: dict[type[ast.cmpop], tuple[str, str]]) -> Iterator[Change]:
    for node in source.nodes(ast.Compare):
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            if type(operator) not in table:
                continue
            word, other = table[type(operator)]
            start, end = source.span(left)[1], source.span(right)[0]
            yield node, start, end, source.text[start:end].replace(word, other, 1)


def _is_position(source: Source, node: ast.AST) -> bool:
    """Whether a number is part of a sum, an index, a range or a comparison."""
    parent = source.parent(node)
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in ("range", "islice", "enumerate")
    if isinstance(parent, ast.BinOp | ast.AugAssign):
        return isinstance(parent.op, ast.Add | ast.Sub)
    return isinstance(parent, ast.Compare | ast.Subscript | ast.Slice)


def _is_sum(node: ast.BinOp) -> bool:
    """Whether the operands are numbers, as far as the text shows it. `+` joins texts and lists too."""
    if isinstance(node.op, ast.Sub):
        return True
    parts = [part for part in ast.walk(node) if isinstance(part, ast.expr)]
    joined = any(isinstance(part, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp) for part in parts)
    values = [part.value for part in parts if isinstance(part, ast.Constant)]
    functions = {
        part.func.attr if isinstance(part.func, ast.Attribute) else ast.unparse(part.func) for part in parts if isinstance(part, ast.Call)
    }
    has_number = any(isinstance(value, int | float) for value in values) or not functions.isdisjoint(NUMERIC)
    return has_number and not joined and not any(isinstance(value, str | bytes) for value in values)


def _is_confusable(call: ast.Call, one: ast.expr, other: ast.expr) -> bool:
    """Whether a person could write these two arguments in the wrong order."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in KEYED:
        return False
    return (isinstance(one, PLACES) and isinstance(other, PLACES)) or (type(one) is type(other) and not _is_message(one, other))


def _is_message(*parts: ast.expr) -> bool:
    """Whether one of them is a text for people: an f-string, or a text with a blank."""
    return any(isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and " " in str(part.value)) for part in parts)
