"""What a monitoring system reads from every tier."""

from behave import given, then


@given("the request counters of {model:Model} are noted")
def note(context, model):
    context.world.observations.meters.note(model)


@then("the metrics of gateway and hives grew by exactly {count:Number} requests of {model:Model}")
def must_have_grown(context, count, model):
    context.world.observations.meters.must_have_grown(model, count, context.world.timeouts.settling)


@then("the metrics of registry and hives count exactly the declared services")
def must_count_declared(context):
    context.world.observations.meters.must_count_declared()
