"""The gateway's guards, as it shows them: circuits of workers, waits for a connection."""

from behave import given, then, when


@then("the circuit of {worker:Worker} is {state:Circuit} within the {budget:Budget} time")
def must_be(context, worker, state, budget):
    context.world.cluster.circuits.must_be(worker, state, context.world.timeouts.named(budget))


@then("the circuit of {worker:Worker} lets no more than a probe through within the {budget:Budget} time")
def must_be_barred(context, worker, budget):
    context.world.cluster.circuits.must_be_barred(worker, context.world.timeouts.named(budget))


@when("the circuit of {worker:Worker} lets a probe through within the {budget:Budget} time")
def await_probe(context, worker, budget):
    context.world.cluster.circuits.await_probe(worker, context.world.timeouts.named(budget))


@given("the waits for a connection are noted")
def note_waits(context):
    context.world.cluster.circuits.note_waits()


@then("{count:Number} more requests have waited for a connection, {vain:Number} of them in vain")
def must_count_waits(context, count, vain):
    context.world.cluster.circuits.must_count_waits(count, vain)
