"""Where the services use a name of a module or a class. A constant runs at import, and only its uses tell which scenarios depend on it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from hivecheck.mutation.generated.edit import Edit
from hivecheck.mutation.generated.source import Source

Place = tuple[str, int]  # file, line on which the statement begins
_WORD = re.compile(r"[A-Za-z_]+")


def topologies(edit: Edit, texts: Mapping[str, str]) -> dict[str, int]:
    """How many names of the changed lines a topology gives a value to. Its scenarios see the settings, where others run the defaults."""
    words = {word for word in _WORD.findall(edit.before + " " + edit.after) if "_" in word}
    return {name: count for name, text in texts.items() if (count := len(words & set(_WORD.findall(text))))}


def index(texts: Mapping[str, str]) -> dict[str, set[Place]]:
    """For each name, attribute and short text: the statements of functions that have it."""
    found: dict[str, set[Place]] = {}
    for file, text in texts.items():
        source = Source(file, text)
        for node in source.nodes(ast.Name, ast.Attribute, ast.Constant):
            word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.value
            if isinstance(word, str) and source.function(node):
                found.setdefault(word, set()).add((file, source.statement(node).lineno))
    return found


def places(edit: Edit, text: str, uses: Mapping[str, set[Place]]) -> list[Place]:
    """The statements that a scenario must run to depend on the mutant: its own, or the uses of what a module or a class defines."""
    own = [(edit.file, edit.statement)]
    source = Source(edit.file, text)
    statement = next((one for one in source.nodes(ast.Assign, ast.AnnAssign) if one.lineno == edit.statement), None)
    if statement is None or source.function(statement):
        return own
    entries = [_key_of(source, edit, node) for node in ast.walk(statement) if isinstance(node, ast.Dict)]
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    keys, names = [key for key in entries if key], [target.id for target in targets if isinstance(target, ast.Name)]
    # The text of a key may be used nowhere, as in a table that only a number from a request opens.
    return next((found for words in (keys, names) if (found := sorted({place for word in words for place in uses.get(word, ())}))), own)


def _key_of(source: Source, edit: Edit, table: ast.Dict) -> str | None:
    """The text that is the key of the changed entry of a table."""
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and source.span(key)[0] <= edit.start < source.span(value)[1]:
            return key.value
    return None
