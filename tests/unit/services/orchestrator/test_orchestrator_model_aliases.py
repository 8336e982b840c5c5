"""What a client may call a model, and who may."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestrator_stage import CHAT, KEY, NARROW_KEY, answer, entry, settings, stage

from services.api_errors import ApiError
from services.orchestrator.api import validation
from services.orchestrator.identity.auth import Identity
from services.orchestrator.routing.model_aliases import aliases_of
from services.orchestrator.settings import ModelEntry, Offering, problem

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
MODELS = (
    ModelEntry(name="model-a", id=UUID.upper(), repository="lab/Model-A", aliases=("old-a",)),
    ModelEntry(name="model-own", organisation="acme"),
    ModelEntry(name="model-gone", aliases=("old-gone",), active=False),
)
OFFERINGS = (
    Offering(organisation="acme", code="fast", model="model-a"),
    Offering(organisation="acme", code="former", model="model-a", active=False),
    Offering(organisation="acme", code="gone", model="model-gone"),
    Offering(organisation="globex", code="own", model="model-own"),
)
KNOWN = aliases_of(MODELS, OFFERINGS)
ACME, GLOBEX, GUEST = Identity("a", "acme"), Identity("g", "globex"), Identity("x", "other", organisations=frozenset({"acme"}))


@pytest.mark.parametrize("asked", ["model-a", UUID, UUID.upper(), "lab/Model-A", "old-a"])
def test_each_name_of_a_model_leads_to_its_served_name(asked: str) -> None:
    assert {KNOWN.served_name(asked, who) for who in (ACME, GLOBEX)} == {"model-a"}


@pytest.mark.parametrize("who", [ACME, GUEST])
def test_an_offering_is_for_its_organisation_and_those_who_belong_to_it(who: Identity) -> None:
    assert KNOWN.served_name("acme/fast", who) == "model-a"


@pytest.mark.parametrize(
    ("asked", "who", "code"),
    [
        ("acme/fast", GLOBEX, "model_not_allowed"),
        ("model-own", GLOBEX, "model_not_found"),
        ("model-gone", ACME, "model_not_found"),
        ("old-gone", ACME, "model_not_found"),
        ("acme/former", ACME, "model_not_found"),
        ("acme/gone", ACME, "model_not_found"),
    ],
)
def test_what_is_inactive_or_hidden_does_not_exist_and_what_is_another_s_is_forbidden(asked: str, who: Identity, code: str) -> None:
    with pytest.raises(ApiError) as refusal:
        KNOWN.served_name(asked, who)
    assert (refusal.value.code, refusal.value.param) == (code, "model")


def test_an_offering_opens_a_model_that_is_another_organisation_s_own() -> None:
    assert KNOWN.served_name("globex/own", GLOBEX) == "model-own"


def test_clients_are_shown_what_they_may_use_and_their_offerings_of_what_is_served() -> None:
    served = ["model-a", "model-gone", "model-own"]
    assert KNOWN.offered(served, ACME) == ["model-a", "model-own", "acme/fast"]
    assert KNOWN.offered(served, GLOBEX) == ["model-a", "globex/own"]
    assert KNOWN.offered(["model-a"], Identity("n", "acme", models=frozenset({"acme/fast"}))) == ["acme/fast"]
    assert KNOWN.offered([], ACME) == []


@given(st.text(max_size=40).filter(lambda text: text.lower() not in KNOWN.aliases and text not in KNOWN.aliases))
def test_a_name_nobody_declared_is_taken_as_workers_would(asked: str) -> None:
    assert KNOWN.served_name(asked, GLOBEX) == asked


@given(
    st.dictionaries(st.text(max_size=8).filter(lambda key: key != "model"), st.recursive(st.integers() | st.text(), st.lists), max_size=5),
    st.text(min_size=1, max_size=20),
)
def test_only_the_model_of_a_body_is_replaced(fields: dict[str, object], model: str) -> None:
    body = json.dumps({**fields, "model": "asked"}).encode()
    assert json.loads(validation.with_model(body, model)) == {**fields, "model": model}


def test_values_of_a_body_stay_as_they_were_written() -> None:
    written = b'{"model": "a", "x": 1.50e3, "y": [ 1 ,2], "z": "\\u00e9"}'
    assert validation.with_model(written, "b") == b'{"model":"b","x":1.50e3,"y":[ 1 ,2],"z":"\\u00e9"}'


def test_a_name_that_leads_to_two_models_is_refused_at_start() -> None:
    twice = (*MODELS, ModelEntry(name="model-b", aliases=("acme/fast",)))
    assert "'acme/fast'" in (problem(settings(models=twice, offerings=OFFERINGS)) or "")
    assert problem(settings(models=MODELS, offerings=OFFERINGS)) is None


async def test_the_worker_is_asked_for_the_name_it_knows() -> None:
    async with stage(answer, models=MODELS, offerings=OFFERINGS) as on:
        async with on.chat({**CHAT, "model": "acme/fast", "x": [1]}) as response:
            assert response.status == 200
        [(_, body)] = on.workers["w1"].requests
        assert json.loads(body) == {**CHAT, "model": "model-a", "x": [1]}


async def test_a_key_is_held_to_its_models_by_whatever_name() -> None:
    async with stage(answer, models=MODELS) as on:
        async with on.chat({**CHAT, "model": "old-a"}, key=NARROW_KEY) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (403, "model_not_allowed")
        assert on.hits() == 0


async def test_a_model_is_found_by_each_of_its_names() -> None:
    async with stage(answer, models=MODELS, offerings=OFFERINGS) as on:
        await on.announce(entry("w1", on.workers["w1"].url, models=("model-a", "model-gone")))
        for name, status in {"old-a": 200, "lab/Model-A": 200, "acme/fast": 200, "globex/own": 403, "model-gone": 404}.items():
            async with on.get(f"/v1/models/{name}", Authorization=f"Bearer {KEY}") as response:
                assert (name, response.status) == (name, status)
