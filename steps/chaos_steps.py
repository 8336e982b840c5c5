"""Faults that a seed draws, or that a file replays."""

from behave import then, when


@when("the faults of the plan strike and heal")
def strike(context):
    context.world.chaos.strike()


@then("no request of the load was answered wrongly or booked twice")
def load_sound(context):
    context.world.accounting.read(context.world.timeouts.settling)
    context.world.judge.must("load sound")


@then("every worker can be routed to again within the {budget:Budget} time")
def must_all_serve(context, budget):
    context.world.chaos.must_all_serve(context.world.timeouts.named(budget))
