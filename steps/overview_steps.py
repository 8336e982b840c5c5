"""What the orchestrator says of itself and of the whole system."""

from behave import given, then


@then("the orchestrator calls itself {own:Health} and {hive:Hive} {health:Health}")
def must_reflect_now(context, own, hive, health):
    context.world.cluster.nodes.must_reflect(own, hive, health)


@then("the orchestrator calls itself {own:Health} and {hive:Hive} {health:Health} within the {budget:Budget} time")
def must_reflect(context, own, hive, health, budget):
    context.world.cluster.nodes.must_reflect(own, hive, health, context.world.timeouts.named(budget))


@then("the orchestrator calls itself {own:Health} within the {budget:Budget} time")
def must_be(context, own, budget):
    context.world.cluster.nodes.must_be(own, context.world.timeouts.named(budget))


@then("the orchestrator is ready")
def must_be_ready_now(context):
    context.world.cluster.nodes.must_be_ready(True)


@then("the orchestrator is ready within the {budget:Budget} time")
def must_be_ready(context, budget):
    context.world.cluster.nodes.must_be_ready(True, context.world.timeouts.named(budget))


@then("the orchestrator stops being ready within the {budget:Budget} time")
def must_stop_being_ready(context, budget):
    context.world.cluster.nodes.must_be_ready(False, context.world.timeouts.named(budget))


@then("the orchestrator lists itself, the registry, every hive and every worker as healthy, with their models")
def must_list_services(context):
    context.world.cluster.gateway.must_list_services()


@then("it shows {count:Number} request in flight at {worker:Worker}")
def must_show_in_flight(context, count, worker):
    context.world.cluster.gateway.must_show_in_flight(context.world.cluster.workers.called(worker), count)


@given("the orchestrator's statistics are noted")
def note_statistics(context):
    context.world.cluster.gateway.note_statistics()


@then("the statistics grew by exactly what the clients sent")
def counted_once(context):
    context.world.cluster.gateway.must_settle(len(context.world.requests.chats.calls), context.world.timeouts.settling)
    context.world.checker.must("counted once")


@then("the cluster status counts every declared worker as online")
def must_count_workers(context):
    context.world.cluster.gateway.must_count_workers()


@then("the cluster status counts {count:Number} workers as online within the {budget:Budget} time")
def must_come_to_count(context, count, budget):
    context.world.cluster.gateway.must_come_to_count(count, context.world.timeouts.named(budget))


@then("the status API shows each declared worker with models, hive, epoch and heartbeat")
def must_show_workers(context):
    context.world.cluster.gateway.must_show_workers()


@then("the status API knows no worker {worker:Worker}")
def must_not_know(context, worker):
    context.world.cluster.gateway.must_not_know(worker)
