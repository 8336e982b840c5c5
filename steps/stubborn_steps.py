"""Workers that will not go when they are asked to."""

from behave import then, when


@when("{worker:Worker} of {hive:Hive} is asked to end")
def ask_to_end(context, worker, hive):
    context.world.cluster.stubborn.ask_to_end(worker, hive)


@then("{hive:Hive} kills {worker:Worker} after its grace time, within the {budget:Budget} time")
def must_be_killed(context, hive, worker, budget):
    context.world.cluster.stubborn.must_be_killed(worker, hive, context.world.timeouts.named(budget))


@then("every process of {worker:Worker} on {hive:Hive} is gone and reaped within the {budget:Budget} time")
def must_be_gone(context, worker, hive, budget):
    context.world.cluster.stubborn.must_be_gone(worker, hive, context.world.timeouts.named(budget))
