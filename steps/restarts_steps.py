"""Workers that crash, hang or hide behind wrappers, and what their hive makes of them."""

from behave import given, then, when


@given("a hive {hive:Hive} joins the stack, with workers {kind:WorkerKind}")
def join_hive(context, hive, kind):
    context.world.cluster.worker_lifecycle.join_hive(hive, kind)


@given("a worker {worker:Worker} of {model:Model} serves on {hive:Hive}")
def serve(context, worker, model, hive):
    context.world.cluster.worker_lifecycle.serve(worker, model, hive)


@given("a worker {worker:Worker} without models serves on {hive:Hive}")
def serve_idle(context, worker, hive):
    context.world.cluster.worker_lifecycle.serve(worker, None, hive)


@then("the registry shows {worker:Worker} online without models")
def must_be_idle(context, worker):
    context.world.cluster.worker_lifecycle.must_have_no_models(worker)


@then("{hive:Hive} runs {worker:Worker} once, and nothing of what ran before")
def must_run_once(context, hive, worker):
    context.world.cluster.worker_lifecycle.must_run_once(worker, hive)


@when("{worker:Worker} of {hive:Hive} is reset")
def reset(context, worker, hive):
    context.world.cluster.worker_lifecycle.reset(worker, hive)


@when("{worker:Worker} of {hive:Hive} is back for longer than the stable time")
def outlast(context, worker, hive):
    context.world.cluster.worker_lifecycle.outlast(worker, hive)


@then("{hive:Hive} waited longer before each of {count:Number} restarts of {worker:Worker}, up to its cap")
def must_have_backed_off(context, hive, count, worker):
    context.world.cluster.worker_lifecycle.must_have_backed_off(worker, hive, count)


@then("{hive:Hive} waited no longer than at first before each of {count:Number} restarts of {worker:Worker}")
def must_have_started_over(context, hive, count, worker):
    context.world.cluster.worker_lifecycle.must_have_started_over(worker, hive, count)


@then("{hive:Hive} has restarted {worker:Worker} {count:Number} times within the {budget:Budget} time")
def must_have_restarted(context, hive, worker, count, budget):
    context.world.cluster.worker_lifecycle.must_have_restarted(worker, hive, count, context.world.timeouts.named(budget))


@then("{hive:Hive} never restarted {worker:Worker}")
def must_not_have_restarted(context, hive, worker):
    context.world.cluster.worker_lifecycle.must_not_have_restarted(worker, hive)


@then("{hive:Hive} says of {worker:Worker}: {words:Accepted}")
def must_tell(context, hive, worker, words):
    context.world.cluster.worker_lifecycle.must_tell(worker, hive, words)
