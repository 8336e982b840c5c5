"""An undefined step: which step its author may have meant."""

import pytest
from behave.model import Feature
from behave.parser import parse_feature
from behave.step_registry import StepRegistry

from hivecheck.bdd import parameter_types, selection


@pytest.fixture
def registry() -> StepRegistry:
    parameter_types.register()
    made = StepRegistry()
    made.add_step_definition("when", "{client:Client} sends a chat for {model:ModelName}{simulate:Simulating}", lambda context: None)
    made.add_step_definition("given", "a stack is up", lambda context: None)
    return made


def next_for(step: str, registry: StepRegistry) -> str:
    """The last line of the refusal of a scenario with this step."""
    feature: Feature = parse_feature(f"Feature: A\n  Scenario: One\n    {step}", filename="a.feature")
    undefined = selection.undefined(next(iter(feature.walk_scenarios())), registry)
    assert undefined
    return undefined[1].splitlines()[-1]


def test_nearest_step(registry: StepRegistry) -> None:
    """The nearest known step is suggested in readable form, without its optional parts."""
    suggested = 'did you mean "When <client> sends a chat for <model>"?'
    assert next_for("When a client send a chat for model-a", registry).startswith(f"next: {suggested}")


def test_other_keyword(registry: StepRegistry) -> None:
    """A sentence that exists under another keyword is named with both."""
    assert next_for("Then a stack is up", registry).startswith("next: this sentence exists as Given, not as Then;")


def test_nothing_near(registry: StepRegistry) -> None:
    """Without a near step, the list of all steps comes first."""
    assert next_for("When zzz", registry) == "next: use a step of docs/steps.md, or write it in steps/"
