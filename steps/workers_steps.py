"""Workers: start, removal, and their state in hives, registry and routing."""

from behave import given, step, then, when

from hivecheck.checks.answers.answered import survived_churn
from hivecheck.checks.routing.not_before_ready import not_before_ready
from hivecheck.world.context import Ctx


@when("a worker {worker:WorkerId} of {model:Model} starts on {hive:Hive}{load:LoadTime}")
def start(context: Ctx, worker: str, model: str, hive: str, load: float) -> None:
    """A hive starts a worker. The step returns before the worker is ready."""
    context.world.cluster.workers.start(worker, [model], hive, load_seconds=load)


@when("{count:Number} workers of {model:Model} start on {hive:Hive} at the same time")
def start_many(context: Ctx, count: int, model: str, hive: str) -> None:
    """A hive starts several workers. The step returns when each one is routable."""
    context.world.cluster.workers.start_many(count, model, hive)


@when("{hive:Hive} removes {workers:Removed}")
def remove(context: Ctx, hive: str, workers: str) -> None:
    """A hive drains a worker and stops it, or several new workers at the same time."""
    context.world.cluster.workers.remove(workers, hive)


@given("the {reading:Noted} of {node:Node} is noted")
def note(context: Ctx, reading: str, node: str) -> None:
    """Records a reading. A later step compares the same reading with it."""
    context.world.cluster.note(reading, context.world.cluster.workers.called(node))


@step("{worker:Worker} is {routable:Routable}{within:Within}")
def must_route_to(context: Ctx, worker: str, routable: str, within: str) -> None:
    """The gateway sends requests to the worker, or none to the incarnation that an earlier step changed."""
    context.world.cluster.must_route_to(context.world.cluster.workers.called(worker), routable, context.world.timeouts.within(within))


@then("{worker:Worker} stays routable until the stream has ended, for longer than the {budget:Budget} time")
def must_stay_routable(context: Ctx, worker: str, budget: str) -> None:
    """The gateway keeps the worker in routing during a stream that lasts longer than the budget."""
    seconds = context.world.timeouts.named(budget)
    context.world.cluster.workers.must_stay_routable(worker, context.world.requests.chats.have_ended, longer_than=seconds)


@step("{worker:Worker} is {status:Status} in {view:View}{within:Within}")
def must_have_status(context: Ctx, worker: str, status: str, view: str, within: str) -> None:
    """A view reports the status of a worker. The budget of `offline` counts from the last step that changed the worker."""
    context.world.cluster.workers.must_have_status(worker, status, view, context.world.timeouts.within(within))


@step("the registry no longer lists {worker:Worker}{within:Within}")
def must_leave_registry(context: Ctx, worker: str, within: str) -> None:
    """The registry does not list the incarnation of the worker that an earlier step changed."""
    context.world.cluster.workers.must_leave_registry(worker, context.world.timeouts.within(within))


@then("{service:Service} is unknown to {view:View}{within:Within}")
def must_not_know(context: Ctx, service: str, view: str, within: str) -> None:
    """A view has no entry of the worker or hive, not even an offline one."""
    context.world.cluster.must_not_know(view, service, context.world.timeouts.within(within))


@then("the registry shows {worker:Worker} online with {models:ModelList} and its own epoch")
def must_be_registered_with(context: Ctx, worker: str, models: list[str]) -> None:
    """The registry entry has status online, exactly these models, and an epoch that no other worker has."""
    context.world.cluster.workers.must_be_registered_with(context.world.cluster.workers.called(worker), models)


@step("{workers:WorkerSet} is registered with a newer epoch{within:Within}")
def must_have_newer_epoch(context: Ctx, workers: str, within: str) -> None:
    """The registry lists a later incarnation than the noted one."""
    context.world.cluster.workers.must_have_newer_epoch(
        context.world.cluster.workers.called(workers), context.world.timeouts.within(within)
    )


@then("the registry refuses a {call:StaleCall} with the old epoch of {worker:Worker}")
def must_refuse_old(context: Ctx, call: str, worker: str) -> None:
    """The registry answers 409 to the noted epoch, and the worker stays registered."""
    context.world.cluster.workers.must_refuse_old(call, context.world.cluster.workers.called(worker))


@step("{view:View} shows {count:Requests} running at {worker:Worker}{within:Within}")
def must_run(context: Ctx, view: str, count: int, worker: str, within: str) -> None:
    """A view counts the running requests of a worker. The service list shows none at other workers."""
    context.world.cluster.must_run(view, count, worker, context.world.timeouts.within(within))


@then("{times:Number} heartbeats of {worker:Worker} arrive, each within the {budget:Budget} time")
def must_send_heartbeats(context: Ctx, times: int, worker: str, budget: str) -> None:
    """The registry updates the time of the worker's last heartbeat so many times in a row."""
    context.world.cluster.workers.must_send_heartbeats(
        context.world.cluster.workers.called(worker), times, context.world.timeouts.named(budget)
    )


@step("no request is in flight{within:Within}")
def must_be_idle(context: Ctx, within: str) -> None:
    """The gateway, the hives and the workers report no running request."""
    context.world.cluster.workers.must_be_idle(context.world.timeouts.within(within))


@then("before {worker:Worker} was ready, {aspect:BeforeReady}")
def must_wait_until_ready(context: Ctx, worker: str, aspect: str) -> None:
    """Judges what happened before the models of the worker answered."""
    context.world.checker.must(not_before_ready, worker=context.world.cluster.workers.called(worker), aspect=aspect)


@then("processes, hives, registry and routing agree on the workers{within:Within}")
def must_agree(context: Ctx, within: str) -> None:
    """Each declared or new worker is one process, and each view lists exactly these workers."""
    context.world.cluster.workers.must_agree(context.world.timeouts.within(within))


@then("no request failed, and at least {count:Number} were in flight while workers joined and left")
def must_survive_churn(context: Ctx, count: int) -> None:
    """Every request was answered, also during the starts and removals of workers."""
    context.world.checker.must(survived_churn, at_least=count)
