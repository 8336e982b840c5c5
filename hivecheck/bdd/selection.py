"""The scenarios of a run: their tags, plan, undefined steps and seeded order. Knows behave's model."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from behave.model import Feature, Rule, Scenario, ScenarioOutline, Step
from behave.step_registry import StepRegistry

from hivecheck import tags
from hivecheck.bdd.parameter_types import TYPES
from hivecheck.reports.result import Planned

KEYWORDS = ("given", "when", "then")

MissingCapabilities = Callable[[Sequence[str]], str | None]


@dataclass(frozen=True)
class Lists:
    """Where a scenario stands in behave's model."""

    feature: Feature
    items: list[tuple[list[Any], Any]]


def must_be_tagged_well(features: Sequence[Feature]) -> None:
    """Raise TagError for the first unknown tag."""
    for feature in features:
        for scenario in feature.walk_scenarios(with_outlines=True):
            tags.must_be_known(scenario.effective_tags, f"{scenario.location}")


def selected(features: Sequence[Feature], config: Any) -> Iterator[tuple[Feature, Scenario]]:
    """The scenarios that behave's options select, each with its feature."""
    for feature in features:
        for scenario in feature.walk_scenarios():
            if scenario.should_run(config):
                yield feature, scenario


def narrowed(chosen: Sequence[tuple[Feature, Scenario]], keys: Collection[str]) -> list[tuple[Feature, Scenario]]:
    """The scenarios with these keys. behave skips all others."""
    for _, scenario in chosen:
        if key(scenario) not in keys:
            scenario.mark_skipped()
    return [(feature, scenario) for feature, scenario in chosen if key(scenario) in keys]


def planned(feature: Feature, scenario: Scenario, missing_capabilities: MissingCapabilities) -> Planned:
    """The scenario as a row of the plan. `missing_capabilities` gives the reason why it is not supported here."""
    own = _tags_from_outside_in(scenario)
    return Planned(
        key=key(scenario),
        feature=feature.name,
        name=scenario.name,
        file=scenario.filename,
        line=scenario.line,
        requirements=tags.requirements_of(set(own)),
        topology=tags.topology_of(own),
        unsupported_reason=missing_capabilities(tags.capabilities_of(set(own))),
        is_fresh="fresh_stack" in own,
        is_exclusive="exclusive" in own,
        is_chaos="chaos" in own,
    )


def undefined(scenario: Scenario, registry: StepRegistry) -> tuple[str, str] | None:
    """The first undefined step of this scenario, and what to do about it; None when all are defined."""
    # At the plan, not in the run. behave would run the first steps of the scenario and then stop at the undefined one.
    for step in scenario.all_steps:
        if registry.find_step_definition(step) is None:
            text = f"{step.keyword} {step.name}"
            next_step = f"{_suggestion(step, registry)}use a step of docs/steps.md, or write it in steps/"
            return f"undefined step: {text}", f"expected: a definition of the step '{text}'\nactual: none\nnext: {next_step}"
    return None


def _suggestion(step: Step, registry: StepRegistry) -> str:
    """The keyword that this sentence has elsewhere, or the nearest sentence; empty without both."""
    for kind in KEYWORDS:
        if any(definition.match(step.name) for definition in registry.steps[kind]):
            return f"this sentence exists as {kind.title()}, not as {step.step_type.title()}; "
    known = {_readable(definition.pattern): kind for kind in (*KEYWORDS, "step") for definition in registry.steps[kind]}
    near = difflib.get_close_matches(step.name, known, n=1)
    if not near:
        return ""
    kind = known[near[0]]
    return f'did you mean "{(step.step_type if kind == "step" else kind).title()} {near[0]}"? Otherwise '


def _readable(pattern: str) -> str:
    """The pattern of a step with `<name>` for each parameter; without those that may be empty."""
    return re.sub(r"\{(\w+)(?::(\w+))?\}", lambda part: "" if _is_optional(part[2]) else f"<{part[1].replace('_', ' ')}>", pattern)


def _is_optional(kind: str | None) -> bool:
    return kind in TYPES and re.fullmatch(TYPES[kind][0], "") is not None


def shuffle(features: list[Feature], order: random.Random) -> None:
    """Shuffle features, and scenarios within their feature. Scenarios of one topology stay together."""
    # behave cannot interleave features. Few stacks are up at a time this way, and an idle stack uses processor time too.
    # Sorted first, because the order of the arguments must not change the order that a seed gives.
    features.sort(key=lambda feature: str(feature.filename))
    order.shuffle(features)
    _put_together(features)
    for feature in features:
        order.shuffle(feature.run_items)
        _put_together(feature.run_items)
        for item in feature.run_items:
            if isinstance(item, ScenarioOutline):
                order.shuffle(item.scenarios)


def _put_together(items: list[Any]) -> None:
    """By topology, in the order in which the topologies first appear."""
    topologies = [tags.topology_of(_tags_from_outside_in(item)) for item in items]
    ranked = sorted(zip(topologies, items, strict=True), key=lambda pair: topologies.index(pair[0]))
    items[:] = [item for _, item in ranked]


def lists_by_scenario(features: Sequence[Feature]) -> dict[str, Lists]:
    """For each scenario, by key: its feature, and each list on the way down to it with the item to keep."""
    return {key(scenario): _lists(feature, scenario) for feature in features for scenario in feature.walk_scenarios()}


def reduce_to(lists: Lists) -> Feature:
    """The feature with this one scenario. A later call for another scenario needs no restoring."""
    for items, item in lists.items:
        items[:] = [item]
    return lists.feature


def _lists(feature: Feature, scenario: Scenario) -> Lists:
    found, item = [], scenario
    while item is not feature:
        items = item.parent.scenarios if isinstance(item.parent, ScenarioOutline) else item.parent.run_items
        found.append((items, item))
        item = item.parent
    return Lists(feature, found)


def key(scenario: Scenario) -> str:
    """`file:line`, unique in a run."""
    return f"{scenario.filename}:{scenario.line}"


def _tags_from_outside_in(item: Feature | Rule | ScenarioOutline | Scenario) -> list[str]:
    """The tags of the feature, of the rule, then of the scenario: a later topology tag overrides an earlier one."""
    levels = []
    level = item
    while level is not None:
        # An outline's own tag may hold a placeholder, such as <topology>. Only its rows have the final tag.
        levels.append([str(tag) for tag in level.tags if "<" not in tag])
        level = level.parent
    return [tag for tags_of_level in reversed(levels) for tag in tags_of_level]
