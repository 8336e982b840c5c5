"""Services that exist in the registry only: registered, silent, in conflict."""

from behave import given, then, when


@given("a service {worker:Worker} is registered")
@when("a service {worker:Worker} is registered")
def begin(context, worker):
    context.world.cluster.registry.begin(worker)


@when("{count:Number} services register at the same moment")
def register_at_once(context, count):
    context.world.cluster.registry.register_at_once(count)


@when("{worker:Worker} registers again in the same words")
def register_again(context, worker):
    context.world.cluster.registry.register(worker)


@when("{worker:Worker} registers again with a newer epoch")
def register_newer(context, worker):
    context.world.cluster.registry.register_newer(worker)


@when("{worker:Worker} registers with a newer epoch from another address")
def register_elsewhere(context, worker):
    context.world.cluster.registry.register_elsewhere(worker)


@then("every registration is accepted as new")
def must_be_new(context):
    context.world.cluster.registry.must_be_accepted(201)


@then("the registration is accepted as known")
def must_be_known(context):
    context.world.cluster.registry.must_be_accepted(200)


@then("the registration is refused as a {code:Code}")
def must_be_refused(context, code):
    context.world.cluster.registry.must_be_refused(code)


@then("the registry lists every one of them as it was said")
def must_all_be_listed(context):
    context.world.cluster.registry.must_all_be_listed()


@then("the orchestrator knows every one of them within the {budget:Budget} time")
def must_all_be_known(context, budget):
    context.world.cluster.registry.must_all_be_known(context.world.timeouts.named(budget))


@then("the registration of {worker:Worker} is as it was")
def must_be_as_before(context, worker):
    context.world.cluster.registry.must_be_as_before(worker)


@then("{worker:Worker} is registered with the newer epoch")
def must_have_newer_epoch(context, worker):
    context.world.cluster.registry.must_have_epoch_of_last(worker)


@then("{silent:Worker} is offline after {missed:Number} missed heartbeats, and {beating:Worker}, which beats, is not")
def must_expire(context, silent, missed, beating):
    context.world.cluster.registry.must_expire(silent, beating, missed, context.world.timeouts.lease_expiry)


@then("{silent:Worker} is forgotten within the {budget:Budget} time, and {beating:Worker} is not")
def must_be_removed(context, silent, budget, beating):
    context.world.cluster.registry.must_be_removed(silent, beating, context.world.timeouts.named(budget))


@then("the registry does not know {worker:Worker}")
def must_not_be_known(context, worker):
    context.world.cluster.registry.must_not_be_known(worker)


@then("the registry does not know {hive:Hive}")
def must_not_know_hive(context, hive):
    context.world.cluster.registry.must_not_be_known(hive)
