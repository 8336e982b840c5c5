"""Which way requests took: judged by the workers' journals and the logs of every tier."""

from behave import then


@then("every request was served by exactly one worker of its model")
def served_by_model(context):
    context.world.checker.must("served by model", workers=context.world.cluster.models_by_worker())


@then("every request was served by {worker:Worker}")
def served_by(context, worker):
    context.world.checker.must("served by model", workers=context.world.cluster.models_by_worker(), only=worker)


@then("every request was served as {model:Model}, the rest of it unchanged")
def resolved(context, model):
    context.world.checker.must("resolved", model=model, workers=context.world.cluster.workers_of(model))


@then("every request was relayed by the hive of the worker that served it")
def relayed(context):
    context.world.checker.must("relayed", hives=context.world.cluster.hive_by_worker())


@then("every request arrived with path, fields and headers unchanged")
def unchanged(context):
    context.world.checker.must("unchanged")


@then("no worker received a request")
def nothing_upstream(context):
    context.world.checker.must("nothing upstream")


@then("no request was sent to a second worker")
def not_sent_again(context):
    context.world.checker.must("not sent again")


@then("every request was answered by another worker at the second attempt")
def taken_over(context):
    context.world.checker.must("taken over")


@then("no chat sent after the death needed a second attempt")
def one_attempt_after(context):
    context.world.checker.must("one attempt after", what="killed")


@then("each worker of {model:Model} served at least {percent:Number} percent of them")
def share(context, model, percent):
    context.world.checker.must("spread", workers=context.world.cluster.workers_of(model), at_least=percent / 100)


@then("each hive served at least {percent:Number} percent of them")
def share_of_hives(context, percent):
    world = context.world
    world.checker.must("spread", workers=list(world.stack.hives), at_least=percent / 100, places=world.cluster.hive_by_worker())


@then("every worker of {model:Model} served at least {count:Number} of them")
def spread(context, model, count):
    context.world.checker.must("spread", workers=context.world.cluster.workers_of(model), at_least=count)


@then("no worker of {slots:Number} slot worked on two requests at once, and some requests waited")
def queueing(context, slots):
    context.world.checker.must("queueing", slots=slots)


@then("one request id joins the log lines of orchestrator, hive and worker")
def correlation(context):
    context.world.checker.must("correlation", orchestrator="orchestrator", hives=context.world.cluster.hive_by_worker())


@then("the worker and its hive saw subject {subject:Name} and tenant {tenant:Name}")
def claims(context, subject, tenant):
    context.world.checker.must("claims", subject=subject, tenant=tenant, hives=context.world.cluster.hive_by_worker())


@then("the attempts of every request went to {count:Number} workers, each after a longer pause")
def spaced_attempts(context, count):
    context.world.checker.must("spaced attempts", attempts=count, first_pause_seconds=0.0125)


@then("every request was sent to another worker within the {budget:Budget} time of the pause")
def moved(context, budget):
    context.world.checker.must("moved", what="paused", seconds=context.world.timeouts.named(budget))
