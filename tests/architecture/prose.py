"""What the project says in words, file by file: each text with its place and its kind. Code spans and code blocks are left out."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from inspect import cleandoc

from source_tree import FunctionNode, text_of, tree_of


class Kind(Enum):
    """Which rules hold: those of length hold for PROSE only."""

    PROSE = "prose"  # pages, public docstrings, titles and descriptions of features, the defect of a mutant
    REMARK = "remark"  # comments, docstrings of private parts, steps, messages, output that a page quotes


@dataclass(frozen=True)
class Text:
    """One paragraph, list item, table cell, sentence of a feature, comment line or message."""

    file: str
    line: int
    kind: Kind
    words: str

    def line_at(self, offset: int) -> int:
        return self.line + self.words.count("\n", 0, offset)


MESSAGE_WORDS = 4
GENERATED = "<!-- Generated"
OUTPUT_BLOCKS = ("", "text", "console", "gherkin")
BLANK = "_"  # stands for a code span, an address or a value of an f-string: one word without a meaning
CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
ADDRESS = re.compile(r"<?https?://[^\s>)]+>?")
ITEM = re.compile(r"^\s*(?:[*+-]|\d+[.)])\s+")
COLUMNS = re.compile(r"\S {2,}\S")
DRAWING = re.compile(r"[│├└─┌┐┘|]|--+>|<--+|==+")
FENCE = re.compile(r"\s*(```+|~~~+)\s*(\w*)")
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|BEGIN|WITH)\b")
PROGRAM = re.compile(r"^\s*(import \w|from [\w.]+ import|def \w+\(|#!)|[;{}]\s*$", re.MULTILINE)
WORD = re.compile(r"[^\W\d_]{2,}")
DIRECTIVE = re.compile(r"#\s*(noqa|type:|pragma|fmt:|ruff:|!)")
TITLE = re.compile(r"(Feature|Rule|Background|Scenario Outline|Scenario Template|Scenario|Example|Examples|Scenarios):(.*)")
STEP = re.compile(r"(?:Given|When|Then|And|But|\*)\s+(.*)")


def texts_of(name: str) -> list[Text]:
    """Everything in one file that the language rules hold for."""
    readers = {".py": _python, ".md": _page, ".feature": _feature, ".toml": _mutant}
    return list(readers[name[name.rindex(".") :]](name))


def without_code(words: str) -> str:
    """The same lines, with one blank word for each code span and address, and a link reduced to its words."""
    spanless = CODE_SPAN.sub(lambda span: BLANK + "\n" * span[0].count("\n"), words)
    return ADDRESS.sub(BLANK, LINK.sub(r"\1", spanless))


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Paragraphs, list items, table cells and lines of a drawing, each with its line from 0 on."""
    block: list[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""]):
        stripped = line.strip()
        is_alone = stripped.startswith(("|", "#")) or bool(COLUMNS.search(stripped)) or bool(DRAWING.search(stripped))
        if block and (not stripped or is_alone or ITEM.match(line)):
            yield first, "\n".join(block)
            block = []
        if is_alone:
            yield from ((number, cell) for cell in re.split(r" *\| *| {2,}", stripped.strip("|# ")) if cell)
        elif stripped:
            first = first if block else number
            block.append(stripped if block else ITEM.sub("", line).strip())


def _page(name: str) -> Iterator[Text]:
    """A page in Markdown. Of its blocks only those that show output are read, without their lengths."""
    prose, quoted = [], []
    fence: tuple[str, str] | None = None
    for line in re.sub(r"<!--.*?-->", lambda note: "\n" * note[0].count("\n"), text_of(name), flags=re.DOTALL).splitlines():
        mark = FENCE.match(line)
        is_edge = bool(mark) and (fence is None or line.strip() == fence[0])
        prose.append("" if fence or is_edge else line)
        quoted.append(line if fence and not is_edge and fence[1] in OUTPUT_BLOCKS else "")
        if mark and is_edge:
            fence = None if fence else (mark[1], mark[2])
    for line, words in paragraphs(without_code("\n".join(prose))):
        yield Text(name, line + 1, Kind.PROSE, words)
    yield from (Text(name, number, Kind.REMARK, without_code(line)) for number, line in enumerate(quoted, 1) if line.strip())


def _python(name: str) -> Iterator[Text]:
    tree = tree_of(name)
    notes = list(_docstrings(tree))
    yield from (text for note, is_public in notes for text in _docstring(name, note, is_public))
    for token in tokenize.generate_tokens(io.StringIO(text_of(name)).readline):
        if token.type == tokenize.COMMENT and not DIRECTIVE.match(token.string):
            yield Text(name, token.start[0], Kind.REMARK, without_code(token.string.lstrip("# ")))
    yield from (Text(name, line, Kind.REMARK, words) for line, words in messages(tree, {id(note) for note, _ in notes}))


def _docstrings(node: ast.AST, is_public: bool = True) -> Iterator[tuple[ast.Constant, bool]]:
    """Every docstring, and whether its owner and all around it have public names."""
    if isinstance(node, ast.Module | ast.ClassDef | FunctionNode):
        is_public = is_public and not getattr(node, "name", "").startswith("_")
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            yield first.value, is_public
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield from _docstrings(child, is_public)


def _docstring(name: str, note: ast.Constant, is_public: bool) -> Iterator[Text]:
    kind = Kind.PROSE if is_public else Kind.REMARK
    for line, words in paragraphs(without_code(cleandoc(str(note.value)))):
        yield Text(name, note.lineno + line, kind, words)


def messages(tree: ast.Module, docstrings: set[int]) -> Iterator[tuple[int, str]]:
    """Strings and f-strings of some words, each with its line. Programs and SQL are no messages."""
    for node in _outermost_strings(tree):
        words = words_of(node)
        is_program = bool(SQL.match(words) or PROGRAM.search(words))
        if id(node) not in docstrings and not is_program and len(WORD.findall(words)) + words.count(BLANK) >= MESSAGE_WORDS:
            yield node.lineno, without_code(words)


def words_of(node: ast.Constant | ast.JoinedStr) -> str:
    """The words of a string, a blank one for each value of an f-string."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else BLANK for part in parts)


def _outermost_strings(node: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr) or (isinstance(child, ast.Constant) and isinstance(child.value, str)):
            yield child
        if isinstance(child, ast.JoinedStr):
            yield from (text for part in child.values if isinstance(part, ast.FormattedValue) for text in _outermost_strings(part.value))
        else:
            yield from _outermost_strings(child)


def _feature(name: str) -> Iterator[Text]:
    """Titles and descriptions are prose; steps, cells and comments are remarks. Doc strings and tags are data."""
    description: list[str] = []
    is_data = is_open = False
    for number, raw in enumerate([*text_of(name).splitlines(), ""], 1):
        line = raw.strip()
        title, step = TITLE.match(line), STEP.match(line)
        is_plain = bool(line) and not title and not step and not line.startswith(("@", "|", "#", '"""'))
        if description and not (is_open and is_plain):
            yield Text(name, number - len(description), Kind.PROSE, without_code("\n".join(description)))
            description = []
        if line.startswith('"""'):
            is_data = not is_data
        elif title:
            is_open = True
            yield Text(name, number, Kind.PROSE, title[2].strip())
        elif step and not is_data:
            is_open = False
            yield Text(name, number, Kind.REMARK, step[1])
        elif line.startswith("|"):
            yield from (Text(name, number, Kind.REMARK, cell.strip()) for cell in line.strip("|").split("|"))
        elif line.startswith("#"):
            yield Text(name, number, Kind.REMARK, line.lstrip("# "))
        elif is_plain and is_open and not is_data:
            description.append(line)


def _mutant(name: str) -> Iterator[Text]:
    """What is wrong in the planted defect, as its report gives it; in a list of generated mutants the reasons."""
    content = tomllib.loads(text_of(name))
    for sentence in [content["what"]] if "what" in content else [entry["reason"] for entry in content.get("mutant", [])]:
        yield Text(name, 1, Kind.PROSE, without_code(sentence))
