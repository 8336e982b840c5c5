"""The life of a worker process: start, crash, restart, backoff, forced termination."""

from behave import given, then, when

from hivecheck.world.context import Ctx


@given("a hive {hive:Hive} joins the stack, with workers {kind:WorkerKind}")
def join_hive(context: Ctx, hive: str, kind: str) -> None:
    context.world.cluster.worker_lifecycle.join_hive(hive, kind)


@given("a worker {worker:Worker} of {model:Model} serves on {hive:Hive}")
def serve(context: Ctx, worker: str, model: str, hive: str) -> None:
    context.world.cluster.worker_lifecycle.serve(worker, model, hive)


@given("a worker {worker:Worker} without models serves on {hive:Hive}")
def serve_idle(context: Ctx, worker: str, hive: str) -> None:
    context.world.cluster.worker_lifecycle.serve(worker, None, hive)


@then("the registry shows {worker:Worker} online without models")
def must_be_idle(context: Ctx, worker: str) -> None:
    context.world.cluster.worker_lifecycle.must_have_no_models(worker)


@then("{hive:Hive} runs {worker:Worker} once, and nothing of what ran before")
def must_run_once(context: Ctx, hive: str, worker: str) -> None:
    context.world.cluster.worker_lifecycle.must_run_once(worker, hive)


@when("{worker:Worker} of {hive:Hive} is reset")
def reset(context: Ctx, worker: str, hive: str) -> None:
    context.world.cluster.worker_lifecycle.reset(worker, hive)


@when("{worker:Worker} of {hive:Hive} is back for longer than the stable time")
def outlast(context: Ctx, worker: str, hive: str) -> None:
    context.world.cluster.worker_lifecycle.outlast(worker, hive)


@then("{hive:Hive} waited longer before each of {count:Number} restarts of {worker:Worker}, up to its cap")
def must_have_backed_off(context: Ctx, hive: str, count: int, worker: str) -> None:
    context.world.cluster.worker_lifecycle.must_have_backed_off(worker, hive, count)


@then("{hive:Hive} waited no longer than at first before each of {count:Number} restarts of {worker:Worker}")
def must_have_started_over(context: Ctx, hive: str, count: int, worker: str) -> None:
    context.world.cluster.worker_lifecycle.must_have_started_over(worker, hive, count)


@then("{hive:Hive} has restarted {worker:Worker} {count:Number} times within the {budget:Budget} time")
def must_have_restarted(context: Ctx, hive: str, worker: str, count: int, budget: str) -> None:
    context.world.cluster.worker_lifecycle.must_have_restarted(worker, hive, count, context.world.timeouts.named(budget))


@then("{hive:Hive} never restarted {worker:Worker}")
def must_not_have_restarted(context: Ctx, hive: str, worker: str) -> None:
    context.world.cluster.worker_lifecycle.must_not_have_restarted(worker, hive)


@then("{hive:Hive} says of {worker:Worker}: {words:Accepted}")
def must_tell(context: Ctx, hive: str, worker: str, words: str) -> None:
    context.world.cluster.worker_lifecycle.must_tell(worker, hive, words)


@given("a worker {worker:Worker} of {model:Model} serves on {hive:Hive}, and can be made to lie")
def serve_liars(context: Ctx, worker: str, model: str, hive: str) -> None:
    context.world.cluster.liars.serve(worker, model, hive)


@when("{worker:Worker} of {hive:Hive} is asked to end")
def ask_to_end(context: Ctx, worker: str, hive: str) -> None:
    context.world.cluster.stubborn.ask_to_end(worker, hive)


@then("{hive:Hive} kills {worker:Worker} after its grace time, within the {budget:Budget} time")
def must_be_killed(context: Ctx, hive: str, worker: str, budget: str) -> None:
    context.world.cluster.stubborn.must_be_killed(worker, hive, context.world.timeouts.named(budget))


@then("every process of {worker:Worker} on {hive:Hive} is gone and reaped within the {budget:Budget} time")
def must_be_gone(context: Ctx, worker: str, hive: str, budget: str) -> None:
    context.world.cluster.stubborn.must_be_gone(worker, hive, context.world.timeouts.named(budget))
