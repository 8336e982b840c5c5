"""Which way requests took: judged by the workers' journals and the logs of every tier."""

from behave import then

from hivecheck.checks.answers.fidelity import resolved, unchanged
from hivecheck.checks.answers.queueing import queueing
from hivecheck.checks.observability.trace import claims, correlation, relayed
from hivecheck.checks.routing.attempts import not_sent_again, one_attempt_after, spaced_attempts, taken_over
from hivecheck.checks.routing.not_routed_to import nothing_upstream
from hivecheck.checks.routing.rerouted import rerouted
from hivecheck.checks.routing.served_by_model import served_by_model
from hivecheck.checks.routing.spread import spread
from hivecheck.world.context import Ctx


@then("every request was served by exactly one worker of its model")
def must_served_by_model(context: Ctx) -> None:
    context.world.checker.must(served_by_model, workers=context.world.cluster.models_by_worker())


@then("every request was served by {worker:Worker}")
def served_by(context: Ctx, worker: str) -> None:
    context.world.checker.must(served_by_model, workers=context.world.cluster.models_by_worker(), only=worker)


@then("every request was served as {model:Model}, the rest of it unchanged")
def must_resolved(context: Ctx, model: str) -> None:
    context.world.checker.must(resolved, model=model, workers=context.world.cluster.workers_of(model))


@then("every request was relayed by the hive of the worker that served it")
def must_relayed(context: Ctx) -> None:
    context.world.checker.must(relayed, hives=context.world.cluster.hive_by_worker())


@then("every request arrived with path, fields and headers unchanged")
def must_unchanged(context: Ctx) -> None:
    context.world.checker.must(unchanged)


@then("no worker received a request")
def must_nothing_upstream(context: Ctx) -> None:
    context.world.checker.must(nothing_upstream)


@then("no request was sent to a second worker")
def must_not_sent_again(context: Ctx) -> None:
    context.world.checker.must(not_sent_again)


@then("every request was answered by another worker at the second attempt")
def must_taken_over(context: Ctx) -> None:
    context.world.checker.must(taken_over)


@then("no chat sent after the death needed a second attempt")
def must_one_attempt_after(context: Ctx) -> None:
    context.world.checker.must(one_attempt_after, what="killed")


@then("each worker of {model:Model} served at least {percent:Number} percent of them")
def share(context: Ctx, model: str, percent: int) -> None:
    context.world.checker.must(spread, workers=context.world.cluster.workers_of(model), at_least=percent / 100)


@then("each hive served at least {percent:Number} percent of them")
def share_of_hives(context: Ctx, percent: int) -> None:
    world = context.world
    world.checker.must(spread, workers=list(world.stack.hives), at_least=percent / 100, places=world.cluster.hive_by_worker())


@then("every worker of {model:Model} served at least {count:Number} of them")
def must_spread(context: Ctx, model: str, count: int) -> None:
    context.world.checker.must(spread, workers=context.world.cluster.workers_of(model), at_least=count)


@then("no worker of {slots:Number} slot worked on two requests at once, and some requests waited")
def must_queueing(context: Ctx, slots: int) -> None:
    context.world.checker.must(queueing, slots=slots)


@then("one request id joins the log lines of orchestrator, hive and worker")
def must_correlation(context: Ctx) -> None:
    context.world.checker.must(correlation, orchestrator="orchestrator", hives=context.world.cluster.hive_by_worker())


@then("the worker and its hive saw subject {subject:Name} and tenant {tenant:Name}")
def must_claims(context: Ctx, subject: str, tenant: str) -> None:
    context.world.checker.must(claims, subject=subject, tenant=tenant, hives=context.world.cluster.hive_by_worker())


@then("the attempts of every request went to {count:Number} workers, each after a longer pause")
def must_spaced_attempts(context: Ctx, count: int) -> None:
    context.world.checker.must(spaced_attempts, attempts=count, first_pause_seconds=0.0125)


@then("every request was sent to another worker within the {budget:Budget} time of the pause")
def moved(context: Ctx, budget: str) -> None:
    context.world.checker.must(rerouted, what="paused", seconds=context.world.timeouts.named(budget))
