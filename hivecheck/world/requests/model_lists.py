"""Lists of models as OpenAI's API returns them, of the gateway, a hive or a worker. Knows the shape only, and no model."""

from __future__ import annotations

from typing import Any

from hivecheck.wording import listed, plain


def names_of(body: Any) -> list[str]:
    """The ids in their order. A list of another shape than OpenAI's gives one line that states the fault."""
    models = body.get("data") if isinstance(body, dict) else None
    if not isinstance(models, list):
        return [f"a response without a list of models: {plain(body)}"]
    if body.get("object") != "list":
        return [f"a list with another object than 'list': {plain(body)}"]
    wrong = [f"{plain(model)} has {listed(found)}" for model in models if (found := faults(model))]
    return wrong or [str(model["id"]) for model in models]


def faults(model: Any) -> list[str]:
    """What is missing or wrong in one model, by the Model object of OpenAI's API reference."""
    if not isinstance(model, dict):
        return ["no JSON object"]
    created = model.get("created")
    rules = {
        "no id": isinstance(model.get("id"), str) and model["id"],
        "an object that is not 'model'": model.get("object") == "model",
        # A boolean is an int in Python, and no time.
        "no Unix time as created": isinstance(created, int) and created > 1,
        "no owner": isinstance(model.get("owned_by"), str) and model["owned_by"],
    }
    return [fault for fault, holds in rules.items() if not holds]
