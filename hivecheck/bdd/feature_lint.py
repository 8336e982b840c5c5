"""Rules against a pass without proof: each finds what behave drops or accepts in silence. Knows behave's model; reads no file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from behave import i18n
from behave.model import Background, Feature, Rule, Scenario, ScenarioOutline
from behave.parser import ParserError, State

from hivecheck.errors import FeatureError

THEN_NEEDED = "at least one Then step in the scenario itself; the steps of a Background do not count"
SCENARIO_NEEDED = "at least one scenario"
ROW_NEEDED = "at least one row below the header of the Examples table"
PROSE_NEEDED = "a description without keywords, because behave ignores the steps and scenarios in it"
END_NEEDED = "a text block with an end, because behave ignores all lines after an open one"
GHERKIN_NEEDED = "a line of Gherkin"
UTF8_NEEDED = "text in UTF-8"
LANGUAGE_NEEDED = "a language that behave knows"
COLON_NEXT = "Write the keyword in the file's language, with a capital letter and a colon. If the line is prose, start it with another word"
PROSE_NEXT = "If the line is prose, start it with another word"
STEP_NEEDED = "a step that starts with Given, When, Then, And or But, because behave ignores a description"
STEP_NEXT = "put the line below `Scenario: <title>`, without a colon after its keyword. If the line is prose, start it with another word"

LANGUAGE = "language:"
PROBLEMS_LISTED = 10
SECTIONS = ("rule", "background", "scenario_outline", "scenario", "examples")
STEPS = ("given", "when", "then", "and", "but")
# A letter that is missing, doubled, swapped or wrong in a word of four or five gives 0.75 or more.
NEAR_RATIO, NEAR_LETTERS = 0.75, 4
# English words that a description may start with, although they resemble When, Then and Given.
PROSE_WORDS = frozenset({"the", "they", "them", "than", "thin", "ten", "give", "gives"})


@dataclass(frozen=True)
class Problem:
    """One reason to refuse a run; `place` is `file:line`, or the argument that is wrong."""

    place: str
    expected: str
    actual: str
    next: str

    def __str__(self) -> str:
        return f"{self.place}\nexpected: {self.expected}\nactual: {self.actual}\nnext: {self.next}"


def must_be_none(problems: Sequence[Problem]) -> None:
    """Raise FeatureError with every problem, or the first ten of many."""
    if not problems:
        return
    listed = [str(problem) for problem in problems[:PROBLEMS_LISTED]]
    if len(problems) > PROBLEMS_LISTED:
        listed.append(f"{len(problems) - PROBLEMS_LISTED} more, of {len(problems)} in all")
    raise FeatureError("\n".join(listed))


def must_have_a_then(scenarios: Iterable[Scenario]) -> None:
    """Raise FeatureError for scenarios without a Then step of their own; And and But count as the step before them."""
    owners = {}
    for scenario in scenarios:
        # One problem for an outline, because each of its rows has the same steps and would repeat the message.
        owner = scenario.parent if isinstance(scenario.parent, ScenarioOutline) else scenario
        owners[f"{owner.filename}:{owner.line}"] = owner
    without_then = ((place, owner) for place, owner in owners.items() if all(step.step_type != "then" for step in owner.steps))
    must_be_none([_without_then(place, owner) for place, owner in without_then])


def _without_then(place: str, scenario: Scenario) -> Problem:
    actual = f"'{scenario.name}' has {'no Then' if scenario.steps else 'no steps'}"
    return Problem(place, THEN_NEEDED, actual, "add a Then step that states the result")


def problems_in(feature: Feature | None, file: str, lines: Sequence[str]) -> list[Problem]:
    """Lines that make scenarios or steps of this file vanish. `feature` is None when behave finds none in it."""
    if feature is None:
        return [Problem(f"{file}:1", SCENARIO_NEEDED, "the file holds no feature", "write a feature, or leave the file out")]
    problems = [*_open_text(feature, file), *_keywords_in_prose(feature, file, lines)]
    return problems or [*_empty_containers(feature, file), *_empty_outlines(feature, file)]


def of_syntax(error: ParserError, file: str) -> Problem:
    """The place and text that behave could not parse."""
    text = (error.line_text or "").strip()
    lost = keyword_in(text, i18n.languages["en"], SECTIONS)
    next_step = "correct the line, or the one before it"
    if lost:
        next_step = _with_colon(text, lost)
    elif near := _near_keyword(text, _step_keywords("en")):
        next_step = f"did you mean {near}?"
    return Problem(f"{file}:{error.line}", GHERKIN_NEEDED, f"'{text}'", next_step)


def _with_colon(text: str, keyword: str) -> str:
    """What to do about a section that this line opens only nearly."""
    title = text[len(keyword) :].strip()
    return COLON_NEXT if title.startswith(":") else f"did you forget the colon? Write '{keyword}: {title}'. {COLON_NEXT}"


def of_encoding(error: UnicodeDecodeError, data: bytes, file: str) -> Problem:
    """The first byte that is not UTF-8."""
    number = data.count(b"\n", 0, error.start) + 1
    return Problem(f"{file}:{number}", UTF8_NEEDED, f"byte 0x{data[error.start]:02x}", "save the file as UTF-8")


def unknown_language(lines: Sequence[str], file: str) -> Problem | None:
    """The `# language:` comment before the feature, if behave does not know its language."""
    # Before the parse, because behave's parser ends with a KeyError for an unknown language.
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            return None
        comment = text.removeprefix("#").strip()
        language = comment[len(LANGUAGE) :].strip()
        if comment.lower().startswith(LANGUAGE) and language not in i18n.languages:
            near = difflib.get_close_matches(language, i18n.languages, n=1)
            hint = f"did you mean `# language: {near[0]}`?" if near else "`behave --lang-list` prints all; without the comment it is en"
            return Problem(f"{file}:{number}", LANGUAGE_NEEDED, f"'{language}'", hint)
    return None


def keyword_in(line: str, words: dict[str, list[str]], kinds: Sequence[str]) -> str | None:
    """The keyword that this line starts with: as written in the language before a space, in any case before a colon."""
    for keyword in (keyword for kind in kinds for keyword in words[kind] if keyword.strip() != "*"):
        bare = re.escape(keyword.strip())
        # Chinese and others write no space after a step's keyword; their table says so by leaving it out.
        end = "" if kinds == STEPS and not keyword.endswith(" ") else r"(?=\s|:|$)"
        if re.match(bare + end, line) or re.match(rf"{bare}\s*:", line, re.IGNORECASE):
            return keyword.strip()
    return None


def _open_text(feature: Feature, file: str) -> Iterator[Problem]:
    parser = feature.parser
    if parser.state is State.MULTILINE_TEXT:
        quotes = parser.multiline_terminator
        yield Problem(f"{file}:{parser.multiline_start}", END_NEEDED, "the text block has no end", f"add a line {quotes}")


def _keywords_in_prose(feature: Feature, file: str, lines: Sequence[str]) -> Iterator[Problem]:
    """Description lines that start with a keyword of the file's language or of English."""
    # English too: in a file of another language, behave takes `Scenario:` for prose and drops the steps below it.
    languages = [i18n.languages[name] for name in dict.fromkeys((feature.language, "en"))]
    for statement in _statements(feature):
        prose = list(_placed(statement, lines))
        for kinds in (SECTIONS, STEPS):
            found = [(number, text, _first_keyword(text, languages, kinds)) for number, text in prose]
            lost = [(number, text, keyword) for number, text, keyword in found if keyword]
            for number, text, keyword in lost:
                next_step = _with_colon(text, keyword) if kinds is SECTIONS else STEP_NEXT
                yield Problem(f"{file}:{number}", PROSE_NEEDED, f"the description line '{text}' starts with a keyword", next_step)
            if lost:
                break  # the steps below a lost scenario are found again with it
        else:
            if isinstance(statement, Background | Scenario):
                yield from _misspelt_steps(prose, _step_keywords(feature.language), file)


def _first_keyword(text: str, languages: Sequence[dict[str, list[str]]], kinds: Sequence[str]) -> str | None:
    return next(filter(None, (keyword_in(text, words, kinds) for words in languages)), None)


def _misspelt_steps(prose: Sequence[tuple[int, str]], keywords: Sequence[str], file: str) -> Iterator[Problem]:
    """Description lines with a first word that is nearly a step keyword. Below a scenario, behave ignores such a step."""
    for position, (number, text) in enumerate(prose):
        # A later line in lower case may go on with the sentence of the line before it.
        near = _near_keyword(text, keywords) if position == 0 or text[0].isupper() else None
        if near:
            yield Problem(f"{file}:{number}", STEP_NEEDED, f"'{text}'", f"did you mean {near}? {PROSE_NEXT}")


def _step_keywords(language: str) -> list[str]:
    """The step keywords of the language and of English, without the bullet."""
    names = dict.fromkeys((language, "en"))
    return [word.strip() for name in names for kind in STEPS for word in i18n.languages[name][kind] if word.strip() != "*"]


def _near_keyword(text: str, keywords: Sequence[str]) -> str | None:
    """The keyword that the first word of this line resembles, when more words follow."""
    first, _, rest = text.partition(" ")
    close = [keyword for keyword in keywords if _is_misspelt(first, keyword)] if rest.strip() else []
    return max(close, key=lambda keyword: difflib.SequenceMatcher(None, first.lower(), keyword.lower()).ratio(), default=None)


def _is_misspelt(word: str, keyword: str) -> bool:
    word, keyword = word.lower(), keyword.lower()
    if len(keyword) < NEAR_LETTERS:  # nearly any short word resembles And or But, so only swapped letters count
        return sorted(word) == sorted(keyword)
    return word not in PROSE_WORDS and difflib.SequenceMatcher(None, word, keyword).ratio() >= NEAR_RATIO


def _statements(feature: Feature) -> Iterator[Feature | Rule | Background | Scenario]:
    """All that can have a description."""
    for container in (feature, *feature.rules):
        yield container
        if container.background:
            yield container.background
    yield from (item for item in feature.walk_scenarios(with_outlines=True) if not isinstance(item.parent, ScenarioOutline))


def _placed(statement: Feature | Rule | Background | Scenario, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Description lines with their numbers."""
    # behave keeps the text of a description without line numbers. Between its lines there are only comments and empty lines.
    number = statement.line
    for text in statement.description:
        number = next(later for later, line in enumerate(lines[number:], start=number + 1) if line.strip() == text)
        yield number, text


def _empty_containers(feature: Feature, file: str) -> Iterator[Problem]:
    for container in [rule for rule in feature.rules if not rule.run_items] or ([] if feature.run_items else [feature]):
        actual = f"{container.keyword} '{container.name}' holds none"
        yield Problem(f"{file}:{container.line}", SCENARIO_NEEDED, actual, "add a scenario, or remove the empty part")


def _empty_outlines(feature: Feature, file: str) -> Iterator[Problem]:
    for outline in feature.walk_scenarios(with_outlines=True):
        if not isinstance(outline, ScenarioOutline):
            continue
        empty = [examples for examples in outline.examples if examples.table is None or not examples.table.rows]
        for part in empty or ([] if outline.examples else [outline]):
            actual = f"'{outline.name}' has an Examples table without rows" if empty else f"'{outline.name}' has no Examples"
            yield Problem(f"{file}:{part.line}", ROW_NEEDED, actual, "add `Examples:` with a header and one row a scenario")
