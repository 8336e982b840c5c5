"""Which scenarios a run is to do: tags linted, each planned, steps that are missing, and the order of the seed. Knows behave's model."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from behave.model import Feature, Rule, Scenario, ScenarioOutline
from behave.step_registry import StepRegistry

from hivecheck import tags
from hivecheck.reports.result import Planned

Lacking = Callable[[Sequence[str]], str | None]


def must_be_tagged_well(features: Sequence[Feature]) -> None:
    """Raise TagError for the first tag that is not in the registry."""
    for feature in features:
        for scenario in feature.walk_scenarios(with_outlines=True):
            tags.must_be_known(scenario.effective_tags, f"{scenario.location}")


def selected(features: Sequence[Feature], config: Any) -> Iterator[tuple[Feature, Scenario]]:
    """The scenarios that behave's options select, each with its feature."""
    for feature in features:
        for scenario in feature.walk_scenarios():
            if scenario.should_run(config):
                yield feature, scenario


def planned(feature: Feature, scenario: Scenario, missing_capabilities: Lacking) -> Planned:
    """A scenario as the plan holds it; `lacking` says why powers are not supported here."""
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
    """What is missing for this scenario to say anything, and what to do about it; None when nothing is."""
    for step in scenario.all_steps:
        if registry.find_step_definition(step) is None:
            return f"undefined step: {step.keyword} {step.name}", "Write the step in steps/, or use one of docs/steps.md."
    return None


def shuffle(features: list[Feature], order: random.Random) -> None:
    """Scenarios within their feature (behave cannot interleave features), features among themselves.

    Those of one topology come one after the other, so that few stacks are up at a time: an idle one takes its share of the processor, too.
    """
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
    """By topology, in the order in which the topologies come up first."""
    topologies = [tags.topology_of(_tags_from_outside_in(item)) for item in items]
    ranked = sorted(zip(topologies, items, strict=True), key=lambda pair: topologies.index(pair[0]))
    items[:] = [item for _, item in ranked]


def key(scenario: Scenario) -> str:
    """`file:line`, unique in a run."""
    return f"{scenario.filename}:{scenario.line}"


def _tags_from_outside_in(item: Feature | Rule | ScenarioOutline | Scenario) -> list[str]:
    """Those of the feature, of the rule, then its own: the order in which one topology overrules another."""
    levels = []
    level = item
    while level is not None:
        levels.append([str(tag) for tag in level.tags if "<" not in tag])
        level = level.parent
    return [tag for tags_of_level in reversed(levels) for tag in tags_of_level]
