"""Names of models: aliases, offerings, and the clients that may use them."""

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
LONG = "lab/Model-A-as-long-as-a-UUID-is-Now"
MODELS = (
    ModelEntry(name="model-a", id=UUID.upper(), repository="lab/Model-A", aliases=("old-a", LONG)),
    ModelEntry(name="model-own", organisation="acme"),
    ModelEntry(name="model-inactive", aliases=("old-inactive",), active=False),
)
OFFERINGS = (
    Offering(organisation="acme", code="fast", model="model-a"),
    Offering(organisation="acme", code="former", model="model-a", active=False),
    Offering(organisation="acme", code="inactive", model="model-inactive"),
    Offering(organisation="globex", code="own", model="model-own"),
)
ALIASES = aliases_of(MODELS, OFFERINGS)
ACME, GLOBEX, OTHER = Identity("a", "acme"), Identity("g", "globex"), Identity("x", "other", organisations=frozenset({"acme"}))


@pytest.mark.parametrize("name", ["model-a", UUID, UUID.upper(), "lab/Model-A", "old-a", LONG])
def test_each_name(name: str) -> None:
    """Each name of a model leads to its served name, even one as long as a UUID."""
    assert len(LONG) == len(UUID)
    assert {ALIASES.served_name(name, identity) for identity in (ACME, GLOBEX)} == {"model-a"}


@pytest.mark.parametrize("identity", [ACME, OTHER])
def test_offering_for_members(identity: Identity) -> None:
    """An offering is available to its organisation and its members."""
    assert ALIASES.served_name("acme/fast", identity) == "model-a"


@pytest.mark.parametrize(
    ("name", "identity", "code"),
    [
        ("acme/fast", GLOBEX, "model_not_allowed"),
        ("model-own", GLOBEX, "model_not_found"),
        ("model-inactive", ACME, "model_not_found"),
        ("old-inactive", ACME, "model_not_found"),
        ("acme/former", ACME, "model_not_found"),
        ("acme/inactive", ACME, "model_not_found"),
    ],
)
def test_inactive_hidden_forbidden(name: str, identity: Identity, code: str) -> None:
    """An inactive or hidden model gets 404, another organisation's offering gets 403."""
    with pytest.raises(ApiError) as refusal:
        ALIASES.served_name(name, identity)
    assert (refusal.value.code, refusal.value.param) == (code, "model")


def test_offering_of_hidden_model() -> None:
    """An offering gives access to another organisation's model."""
    assert ALIASES.served_name("globex/own", GLOBEX) == "model-own"


def test_model_list_of_client() -> None:
    """A client gets the served models and offerings that it may use."""
    served = ["model-a", "model-inactive", "model-own"]
    assert ALIASES.offered(served, ACME) == ["model-a", "model-own", "acme/fast"]
    assert ALIASES.offered(served, GLOBEX) == ["model-a", "globex/own"]
    assert ALIASES.offered(["model-a"], Identity("n", "acme", models=frozenset({"acme/fast"}))) == ["acme/fast"]
    assert ALIASES.offered([], ACME) == []


@given(st.text(max_size=40).filter(lambda text: text.lower() not in ALIASES.aliases and text not in ALIASES.aliases))
def test_undeclared_name(name: str) -> None:
    """A name without an alias is a served name."""
    assert ALIASES.served_name(name, GLOBEX) == name


@given(
    st.dictionaries(st.text(max_size=8).filter(lambda key: key != "model"), st.recursive(st.integers() | st.text(), st.lists), max_size=5),
    st.text(min_size=1, max_size=20),
)
def test_only_model_is_replaced(fields: dict[str, object], model: str) -> None:
    """Only the model of a body is replaced."""
    body = json.dumps({**fields, "model": "before"}).encode()
    assert json.loads(validation.with_model(body, model)) == {**fields, "model": model}


def test_other_values_keep_bytes() -> None:
    """Every other value of a body keeps its bytes."""
    written = b'{"model": "a", "x": 1.50e3, "y": [ 1 ,2], "z": "\\u00e9"}'
    assert validation.with_model(written, "b") == b'{"model":"b","x":1.50e3,"y":[ 1 ,2],"z":"\\u00e9"}'


def test_ambiguous_name() -> None:
    """A name of two models is a settings error."""
    twice = (*MODELS, ModelEntry(name="model-b", aliases=("acme/fast",)))
    assert "'acme/fast'" in (problem(settings(models=twice, offerings=OFFERINGS)) or "")
    assert problem(settings(models=MODELS, offerings=OFFERINGS)) is None


async def test_worker_gets_served_name() -> None:
    """The worker receives the served name."""
    async with stage(answer, models=MODELS, offerings=OFFERINGS) as on:
        async with on.chat({**CHAT, "model": "acme/fast", "x": [1]}) as response:
            assert response.status == 200
        [(_, body)] = on.workers["w1"].requests
        assert json.loads(body) == {**CHAT, "model": "model-a", "x": [1]}


async def test_key_restriction_covers_aliases() -> None:
    """A model restriction of a key applies to every alias."""
    async with stage(answer, models=MODELS) as on:
        async with on.chat({**CHAT, "model": "old-a"}, key=NARROW_KEY) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (403, "model_not_allowed")
        assert on.hits() == 0


async def test_model_lookup_by_alias() -> None:
    """`/v1/models/{id}` finds a model by each of its names."""
    async with stage(answer, models=MODELS, offerings=OFFERINGS) as on:
        await on.announce(entry("w1", on.workers["w1"].url, models=("model-a", "model-inactive")))
        for name, status in {"old-a": 200, "lab/Model-A": 200, "acme/fast": 200, "globex/own": 403, "model-inactive": 404}.items():
            async with on.get(f"/v1/models/{name}", Authorization=f"Bearer {KEY}") as response:
                assert (name, response.status) == (name, status)
