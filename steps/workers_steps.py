"""Workers: started, removed, hurt, and what registry and routing say of them."""

from behave import given, then, when

from hivecheck.checks.answers.answered import survived_churn
from hivecheck.checks.routing.not_before_ready import not_before_ready
from hivecheck.world.context import Ctx


@when("a worker {worker:Worker} of {model:Model} starts on {hive:Hive}")
def start(context: Ctx, worker: str, model: str, hive: str) -> None:
    context.world.cluster.workers.start(worker, model, hive)


@when("a worker {worker:Worker} of {model:Model} starts on {hive:Hive}, taking {seconds:Seconds} seconds to load")
def start_slowly(context: Ctx, worker: str, model: str, hive: str, seconds: float) -> None:
    context.world.cluster.workers.start(worker, model, hive, load_seconds=seconds)


@given("a worker {worker:Worker} of {model:Model} served on {hive:Hive} and was removed")
def serve_and_leave(context: Ctx, worker: str, model: str, hive: str) -> None:
    context.world.cluster.workers.serve_and_leave(worker, model, hive)


@when("{worker:Worker} is removed from {hive:Hive}")
def remove(context: Ctx, worker: str, hive: str) -> None:
    context.world.cluster.workers.remove(worker, hive)


@when("{worker:Worker} is killed")
def kill(context: Ctx, worker: str) -> None:
    context.world.cluster.workers.kill(worker)


@when("{worker:Worker} is paused")
def pause(context: Ctx, worker: str) -> None:
    context.world.cluster.workers.pause(worker)


@when("{worker:Worker} is resumed")
def resume(context: Ctx, worker: str) -> None:
    context.world.cluster.workers.resume(worker)


@given("the epoch of {worker:Worker} is noted")
def note_epoch(context: Ctx, worker: str) -> None:
    context.world.cluster.workers.note_epoch(worker)


@then("the registry lists {worker:Worker} within the {budget:Budget} time")
def must_be_listed(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_be_listed(worker, context.world.timeouts.named(budget))


@then("{worker:Worker} can be routed to within the {budget:Budget} time")
def must_be_routable(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_be_routable(worker, context.world.timeouts.named(budget))


@then("the registry no longer lists {worker:Worker} within the {budget:Budget} time")
@then("{worker:Worker} is out of the registry within the {budget:Budget} time")
def must_leave_registry(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_leave_registry(worker, context.world.timeouts.named(budget))


@then("{worker:Worker} is out of routing within the {budget:Budget} time")
def must_leave_routing(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_leave_routing(worker, context.world.timeouts.named(budget))


@then("the registry shows {worker:Worker} online with {model:Model} and an epoch of its own")
def must_show(context: Ctx, worker: str, model: str) -> None:
    context.world.cluster.workers.must_show(worker, model)


@then("{worker:Worker} stays in routing until the stream has ended, for longer than the {budget:Budget} time")
def must_stay_in_routing(context: Ctx, worker: str, budget: str) -> None:
    seconds = context.world.timeouts.named(budget)
    context.world.cluster.workers.must_stay_in_routing(worker, context.world.requests.chats.have_ended, longer_than=seconds)


@then("{times:Number} heartbeats of {worker:Worker} move its time, each within the {budget:Budget} time")
def must_beat(context: Ctx, times: int, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_beat(worker, times, context.world.timeouts.named(budget))


@then("the registry shows {requests:Number} request running at {worker:Worker} within the {budget:Budget} time")
@then("the registry shows {requests:Number} requests running at {worker:Worker} within the {budget:Budget} time")
def must_run(context: Ctx, requests: int, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_run(worker, requests, context.world.timeouts.named(budget))


@then("{worker:Worker} is offline in the registry within the {budget:Budget} time")
def must_be_offline(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_be_offline(worker, context.world.timeouts.named(budget))


@then("{worker:Worker} is offline in the status API within the {budget:Budget} time")
def must_be_offline_in_status(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_be_offline_in_status(worker, context.world.timeouts.named(budget))


@then("{worker:Worker} is registered with a newer epoch within the {budget:Budget} time")
def must_have_newer_epoch(context: Ctx, worker: str, budget: str) -> None:
    context.world.cluster.workers.must_have_newer_epoch(worker, context.world.timeouts.named(budget))


@then("a heartbeat with the old epoch of {worker:Worker} is refused")
def must_refuse_old_heartbeat(context: Ctx, worker: str) -> None:
    context.world.cluster.workers.must_refuse_old_heartbeat(worker)


@then("a deregistration with the old epoch of {worker:Worker} is refused")
def must_refuse_old_removal(context: Ctx, worker: str) -> None:
    context.world.cluster.workers.must_refuse_old_removal(worker)


@then("no work is left in hand within the {budget:Budget} time")
def must_be_idle(context: Ctx, budget: str) -> None:
    context.world.cluster.workers.must_be_idle(context.world.timeouts.named(budget))


@then("{worker:Worker} was not registered before its models answered")
def not_registered_early(context: Ctx, worker: str) -> None:
    context.world.checker.must(not_before_ready, worker=worker, aspect="registered")


@then("every client was refused until {worker:Worker} was ready")
def not_answered_early(context: Ctx, worker: str) -> None:
    context.world.checker.must(not_before_ready, worker=worker, aspect="answered")


@then("{worker:Worker} received nothing before it was ready")
def nothing_received_early(context: Ctx, worker: str) -> None:
    context.world.checker.must(not_before_ready, worker=worker, aspect="received")


@when("{count:Number} workers of {model:Model} start on {hive:Hive} at the same time")
def start_churn(context: Ctx, count: int, model: str, hive: str) -> None:
    context.world.cluster.churn.start(count, model, hive)


@when("{count:Number} of them are removed from {hive:Hive} at the same time")
def remove_churn(context: Ctx, count: int, hive: str) -> None:
    context.world.cluster.churn.remove(count, hive)


@then("processes, hives, registry and routing agree on who is there within the {budget:Budget} time")
def must_agree(context: Ctx, budget: str) -> None:
    context.world.cluster.churn.must_agree(context.world.timeouts.named(budget))


@then("no request failed, and at least {count:Number} were under way while workers came and went")
def survived(context: Ctx, count: int) -> None:
    context.world.checker.must(survived_churn, at_least=count)
