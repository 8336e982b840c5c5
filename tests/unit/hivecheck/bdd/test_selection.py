"""The order of scenarios: drawn from the seed, with those of one topology together."""

import itertools
import random

import pytest
from behave.model import Feature
from behave.parser import parse_feature

from hivecheck import tags
from hivecheck.bdd import selection

FEATURES = {
    "a": """
        @topology.small
        Feature: A
          Scenario: A1
            Given x
          @topology.single_slot
          Scenario: A2
            Given x
          Scenario: A3
            Given x
    """,
    "b": """
        Feature: B
          Scenario: B1
            Given x
    """,
    "c": """
        @topology.small
        Feature: C
          Scenario Outline: C1 <n>
            Given <n>
            Examples:
              | n |
              | 1 |
              | 2 |
    """,
    "d": """
        Feature: D
          @topology.small
          Scenario: D1
            Given x
          Scenario: D2
            Given x
          @topology.small
          Scenario: D3
            Given x
    """,
}


def shuffled(seed: int) -> list[Feature]:
    features = [parse_feature(text, filename=f"{name}.feature") for name, text in FEATURES.items()]
    selection.shuffle(features, random.Random(seed))
    return features


def topologies(feature: Feature) -> list[str]:
    return [tags.topology_of([str(tag) for tag in [*feature.tags, *scenario.tags]]) for scenario in feature.walk_scenarios()]


@pytest.mark.parametrize("seed", range(20))
def test_topologies_stay_together(seed: int) -> None:
    """Features and scenarios of one topology stay together in any order."""
    features = shuffled(seed)
    by_feature = [tags.topology_of([str(tag) for tag in feature.tags]) for feature in features]
    assert len(list(itertools.groupby(by_feature))) == len(set(by_feature))
    for feature in features:
        found = topologies(feature)
        assert len(list(itertools.groupby(found))) == len(set(found)), feature.name


def test_seed_decides_first() -> None:
    """The seed decides the first feature, topology and scenario."""
    firsts = [shuffled(seed) for seed in range(40)]
    assert {features[0].name for features in firsts} == set("ABCD")
    first_scenarios = {next(iter(feature.walk_scenarios())).name for features in firsts for feature in features if feature.name == "D"}
    assert first_scenarios == {"D1", "D2", "D3"}
    assert [feature.name for feature in shuffled(3)] == [feature.name for feature in shuffled(3)]


def test_shuffle_keeps_all() -> None:
    """Shuffling keeps each scenario."""
    names = sorted(scenario.name for feature in shuffled(1) for scenario in feature.walk_scenarios())
    assert names == ["A1", "A2", "A3", "B1", "C1 1 -- @1.1 ", "C1 2 -- @1.2 ", "D1", "D2", "D3"]
