"""The catalogue of a hive: filled, damaged, and what the hive makes of it."""

from behave import given, then

from hivecheck.world.context import Ctx


@given("{hive:Hive} has fetched {count:Number} models")
def fetch(context: Ctx, hive: str, count: int) -> None:
    context.world.cluster.catalogues.fetch(hive, count)


@then("{hive:Hive} has noticed the damage, and has put the damaged catalogue aside")
def must_be_noticed(context: Ctx, hive: str) -> None:
    context.world.cluster.catalogues.must_be_noticed(hive)


@then("every model whose row was whole is ready at {hive:Hive}, and no other")
def must_have_kept(context: Ctx, hive: str) -> None:
    context.world.cluster.catalogues.must_have_kept(hive)


@then("every model that {hive:Hive} has fetched is in its catalogue on disk")
def must_hold_everything(context: Ctx, hive: str) -> None:
    context.world.cluster.catalogues.must_hold_everything(hive)


@then("the catalogue of {hive:Hive} is healthy")
def must_be_healthy(context: Ctx, hive: str) -> None:
    context.world.cluster.catalogues.must_be_healthy(hive)


@then("the catalogue of {hive:Hive} is degraded, and so is the hive")
def must_degrade(context: Ctx, hive: str) -> None:
    context.world.cluster.catalogues.must_degrade(hive)


@then("{hive:Hive} has left the unreadable catalogue where it is")
def must_be_left(context: Ctx, hive: str) -> None:
    context.world.cluster.catalogues.must_be_left(hive)


@then("{hive:Hive} brings a model that it never had, and a client is served")
def must_take_new_models(context: Ctx, hive: str) -> None:
    context.world.cluster.catalogues.must_take_new_models(hive)
