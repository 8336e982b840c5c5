"""The registry's database from outside."""

from behave import given, then

from hivecheck.world.context import Ctx


@given("the registry has stored exactly what it lists")
def agrees(context: Ctx) -> None:
    context.world.cluster.registry_database.must_agree(context.world.timeouts.database_fault_detection)


@then("the registry has stored exactly what it lists within the {budget:Budget} time")
def must_agree(context: Ctx, budget: str) -> None:
    context.world.cluster.registry_database.must_agree(context.world.timeouts.named(budget))


@then("the registry notices within the {budget:Budget} time that something is wrong with its database")
def must_be_noticed(context: Ctx, budget: str) -> None:
    context.world.cluster.registry_database.must_be_noticed(context.world.timeouts.named(budget))


@then("the registry lists {worker:Worker}, holds it back for its database, and says that it is degraded")
def must_hold_back(context: Ctx, worker: str) -> None:
    context.world.cluster.registry_database.must_hold_back(worker)
