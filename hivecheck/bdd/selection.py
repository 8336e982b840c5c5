"""The scenarios of a run: their tags, plan, undefined steps and seeded order. Knows behave's model."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from behave.model import Feature, Rule, Scenario, ScenarioOutline
from behave.step_registry import StepRegistry

from hivecheck import tags
from hivecheck.reports.result import Planned

MissingCapabilities = Callable[[Sequence[str]], str | None]


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
    )


def undefined(scenario: Scenario, registry: StepRegistry) -> tuple[str, str] | None:
    """The first undefined step of this scenario, and what to do about it; None when all are defined."""
    # At the plan, not in the run. behave would run the first steps of the scenario and then stop at the undefined one.
    for step in scenario.all_steps:
        if registry.find_step_definition(step) is None:
            text = f"{step.keyword} {step.name}"
            message = f"undefined step: {text}"
            return (
                message,
                f"expected: a definition of the step '{text}'\nactual: none\nnext: write it in steps/, or use a step of docs/steps.md",
            )
    return None


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
