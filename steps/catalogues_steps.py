"""The catalogue of a hive: its models, and its content after damage."""

from behave import given, then

from hivecheck.world.context import Ctx


@given("{hive:Hive} has downloaded {count:Number} models")
def fetch(context: Ctx, hive: str, count: int) -> None:
    """A hive downloads models and starts no worker of them."""
    context.world.cluster.catalogues.fetch(hive, count)


@then("the catalogue of {hive:Hive} is {health:CatalogueHealth}")
def must_be_healthy(context: Ctx, hive: str, health: str) -> None:
    """The health report of a hive shows the health of its catalogue."""
    context.world.cluster.catalogues.must_be(hive, health)


@then("the catalogue of {hive:Hive} holds {content:CatalogueContent}")
def must_hold(context: Ctx, hive: str, content: str) -> None:
    """The catalogue lists exactly the models that the damage left intact, or its file lists every model that was downloaded."""
    context.world.cluster.catalogues.must_hold(hive, content)


@then("{hive:Hive} downloads and serves a new model")
def must_take_new_models(context: Ctx, hive: str) -> None:
    """A hive downloads a model for the first time, and a client gets an answer of it."""
    context.world.cluster.catalogues.must_take_new_models(hive)
