"""The databases of the registry and of the hives, after faults."""

from behave import step, then

from hivecheck.world.context import Ctx


@step("the registry has stored exactly what it lists{within:Within}")
def must_agree(context: Ctx, within: str) -> None:
    """The database file holds the same ids, epochs, addresses, models and states as the registry lists."""
    context.world.cluster.registry_database.must_agree(context.world.timeouts.within(within))


@step("the registry reports a database fault{within:Within}")
def must_be_noticed(context: Ctx, within: str) -> None:
    """The registry counts a fault of its database since the last comparison."""
    context.world.cluster.registry_database.must_be_noticed(context.world.timeouts.within(within))


@then("the registry lists {worker:Worker}, queues it for the database and reports itself as degraded")
def must_hold_back(context: Ctx, worker: str) -> None:
    """The registry serves a new entry from memory while it cannot write to its database."""
    context.world.cluster.registry_database.must_hold_back(context.world.cluster.workers.called(worker))


@then("{node:Node} {outcome:DamageOutcome} its damaged database")
def must_handle_damage(context: Ctx, node: str, outcome: str) -> None:
    """A node reports its damaged database, and the damaged bytes stay available in a file."""
    context.world.cluster.must_handle_damage(context.world.cluster.workers.called(node), outcome)
