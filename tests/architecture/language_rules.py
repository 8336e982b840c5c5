"""The language rules that a machine can hold. Each takes words and gives where they break the rule, with what to write in their place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from old_words import OLD_WORDS
from source_tree import FunctionNode

SENTENCE_WORDS = 25
SEMICOLONS = 1
HELPER = "hivecheck.wording.counted (in services/: `rows: 3`)"

RESERVED = re.compile(r"\b(?:who(?:m|se|ever|mever|soever)?|nobody|somebody|everybody|anybody)\b", re.IGNORECASE)
# "People who build stacks" is what the word is for.
PEOPLE = re.compile(
    r"\b(?:people|persons?|users?|developers?|operators?|authors?|maintainers?|readers?|reviewers?|contributors?|teams?),?\s+$", re.I
)
SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)(?<!\bcf)(?<!\.\.)[.!?][\"')\]*]*(?=\s)")
COUNTED_WORD = re.compile(r"\w")

# How an integer is called when no annotation says that it is one.
COUNT_NAME = re.compile(r"(^|_)(count|counts|number|total|amount|attempts|tries|times|hits|n)$")
COUNT_CALLS = {"len", "sum", "int", "count", "total"}
# "3 chats", "3 whole frames"; "3 were answered"; not "3 is", "3 times as long", and no unit symbols.
PLURAL = re.compile(
    r" (?:of the |(?!(?:and|at|by|for|from|in|of|on|or|per|than|to|with) )[a-z]+[^s\W] )?(were|are|have|do|[a-z]{2,}(?<!s)(?<!u)(?<!i)s)\b"
)
NO_PLURAL = {
    "as",
    "is",
    "was",
    "has",
    "does",
    "its",
    "this",
    "less",
    "plus",
    "times",
    "goes",
    "always",
    "whereas",
    "perhaps",
    "ms",
    "series",
}

Finding = tuple[int, str, str]  # offset of the words, the words, the new ones


def reserved_words(words: str) -> Iterator[Finding]:
    """Words for people, where no person is named before them."""
    for hit in RESERVED.finditer(words):
        if not PEOPLE.search(words, 0, hit.start()):
            yield hit.start(), hit[0], "name the component (the word is for people)"


def old_words(words: str) -> Iterator[Finding]:
    """Words that the project gave up."""
    for pattern, new in OLD_WORDS:
        yield from ((hit.start(), hit[0], new) for hit in pattern.finditer(words))


def long_sentences(words: str) -> Iterator[Finding]:
    """Sentences that hold more than one fact, by their length."""
    start = 0
    for end in [*(hit.end() for hit in SENTENCE_END.finditer(words)), len(words)]:
        sentence = words[start:end]
        count = sum(1 for word in sentence.split() if COUNTED_WORD.search(word))
        if count > SENTENCE_WORDS:
            yield (
                start + len(sentence) - len(sentence.lstrip()),
                f"{count} words: {_shortened(sentence)}",
                f"sentences of at most {SENTENCE_WORDS} words",
            )
        start = end


def semicolons(words: str) -> Iterator[Finding]:
    """Paragraphs that string sentences together."""
    count = len(re.findall(r";(?=\s|$)", words))
    if count > SEMICOLONS:
        yield 0, f"{count} semicolons: {_shortened(words)}", "one sentence for each fact"


def unchosen_plurals(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """F-strings in which a number that can be 1 stands before a plural, each with its line."""
    yield from _unchosen_in(tree, frozenset())


def _unchosen_in(node: ast.AST, integers: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    if isinstance(node, FunctionNode | ast.ClassDef):
        integers |= _integers(node)
    if isinstance(node, ast.JoinedStr):
        for value, after in zip(node.values, node.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant) and _is_number(value, integers):
                hit = PLURAL.match(str(after.value))
                if hit and hit[1] not in NO_PLURAL:
                    yield node.lineno, f"{{{ast.unparse(value.value)}}}{hit[0]}", HELPER
    for child in ast.iter_child_nodes(node):
        yield from _unchosen_in(child, integers)


def _integers(scope: ast.AST) -> frozenset[str]:
    """Names and fields that a function or class annotates as whole numbers, or fills with a count."""
    found = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.arg | ast.AnnAssign) and isinstance(node.annotation, ast.Name) and node.annotation.id == "int":
            target = node.target if isinstance(node, ast.AnnAssign) else node
            found.add(target.arg if isinstance(target, ast.arg) else getattr(target, "attr", getattr(target, "id", "")))
        elif isinstance(node, ast.Assign | ast.NamedExpr) and _is_count(node.value, frozenset()):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(found)


def _is_number(value: ast.FormattedValue, integers: frozenset[str]) -> bool:
    """A whole number; with a format such as .2f it is a measurement."""
    return value.conversion == -1 and value.format_spec is None and _is_count(value.value, integers)


def _is_count(node: ast.expr, integers: frozenset[str]) -> bool:
    if isinstance(node, ast.Call):
        return getattr(node.func, "id", getattr(node.func, "attr", "")) in COUNT_CALLS
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Sub | ast.FloorDiv) and _is_count(node.left, integers)
    name = getattr(node, "id", getattr(node, "attr", ""))
    return bool(name) and not name.isupper() and (name in integers or bool(COUNT_NAME.search(name)))


def _shortened(words: str) -> str:
    flat = " ".join(words.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."
