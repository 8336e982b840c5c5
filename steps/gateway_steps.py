"""The gateway as it reports itself: readiness, health, cluster status, statistics, circuit breakers."""

from behave import given, then, when

from hivecheck.checks.usage.counted_once import counted_once
from hivecheck.world.context import Ctx


@then("the orchestrator calls itself {own:Health} and {hive:Hive} {health:Health}")
def must_reflect_now(context: Ctx, own: str, hive: str, health: str) -> None:
    context.world.cluster.nodes.must_reflect(own, hive, health)


@then("the orchestrator calls itself {own:Health} and {hive:Hive} {health:Health} within the {budget:Budget} time")
def must_reflect(context: Ctx, own: str, hive: str, health: str, budget: str) -> None:
    context.world.cluster.nodes.must_reflect(own, hive, health, context.world.timeouts.named(budget))


@then("the orchestrator calls itself {own:Health} within the {budget:Budget} time")
def must_be(context: Ctx, own: str, budget: str) -> None:
    context.world.cluster.nodes.must_be(own, context.world.timeouts.named(budget))


@then("the orchestrator is ready")
def must_be_ready_now(context: Ctx) -> None:
    context.world.cluster.nodes.must_be_ready(True)


@then("the orchestrator is ready within the {budget:Budget} time")
def must_be_ready(context: Ctx, budget: str) -> None:
    context.world.cluster.nodes.must_be_ready(True, context.world.timeouts.named(budget))


@then("the orchestrator stops being ready within the {budget:Budget} time")
def must_stop_being_ready(context: Ctx, budget: str) -> None:
    context.world.cluster.nodes.must_be_ready(False, context.world.timeouts.named(budget))


@then("the orchestrator lists itself, the registry, every hive and every worker as healthy, with their models")
def must_list_services(context: Ctx) -> None:
    context.world.cluster.gateway.must_list_services()


@then("it shows {count:Number} request in flight at {worker:Worker}")
def must_show_in_flight(context: Ctx, count: int, worker: str) -> None:
    context.world.cluster.gateway.must_show_in_flight(context.world.cluster.workers.called(worker), count)


@given("the orchestrator's statistics are noted")
def note_statistics(context: Ctx) -> None:
    context.world.cluster.gateway.note_statistics()


@then("the statistics grew by exactly what the clients sent")
def must_counted_once(context: Ctx) -> None:
    context.world.cluster.gateway.must_settle(len(context.world.requests.chats.calls), context.world.timeouts.settling)
    context.world.checker.must(counted_once)


@then("the cluster status counts every declared worker as online")
def must_count_workers(context: Ctx) -> None:
    context.world.cluster.gateway.must_count_workers()


@then("the cluster status counts {count:Number} workers as online within the {budget:Budget} time")
def must_come_to_count(context: Ctx, count: int, budget: str) -> None:
    context.world.cluster.gateway.must_come_to_count(count, context.world.timeouts.named(budget))


@then("the status API shows each declared worker with models, hive, epoch and heartbeat")
def must_show_workers(context: Ctx) -> None:
    context.world.cluster.gateway.must_show_workers()


@then("the status API knows no worker {worker:Worker}")
def must_not_know(context: Ctx, worker: str) -> None:
    context.world.cluster.gateway.must_not_know(worker)


@then("the circuit of {worker:Worker} is {state:Circuit} within the {budget:Budget} time")
def must_be_circuits(context: Ctx, worker: str, state: str, budget: str) -> None:
    context.world.cluster.circuits.must_be(worker, state, context.world.timeouts.named(budget))


@then("the circuit of {worker:Worker} lets no more than a probe through within the {budget:Budget} time")
def must_be_barred(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.circuits.must_be_barred(worker, context.world.timeouts.named(budget))


@when("the circuit of {worker:Worker} lets a probe through within the {budget:Budget} time")
def await_probe(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.circuits.await_probe(worker, context.world.timeouts.named(budget))


@given("the waits for a connection are noted")
def note_waits(context: Ctx) -> None:
    context.world.cluster.circuits.note_waits()


@then("{count:Number} more requests have waited for a connection, {vain:Number} of them in vain")
def must_count_waits(context: Ctx, count: int, vain: int) -> None:
    context.world.cluster.circuits.must_count_waits(count, vain)
