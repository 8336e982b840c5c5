"""The way that requests took, judged by the workers' journals and the logs of every tier."""

from behave import then

from hivecheck.checks.answers.fidelity import resolved, unchanged
from hivecheck.checks.observability.trace import claims
from hivecheck.checks.routing.attempts import spaced_attempts, taken_over
from hivecheck.checks.routing.ejected import ejected
from hivecheck.checks.routing.rerouted import rerouted
from hivecheck.checks.routing.served_by_model import served_by_model
from hivecheck.checks.routing.spread import spread
from hivecheck.world.context import Ctx
from hivecheck.world.requests.expectations import FIRST_PAUSE_SECONDS


@then("every request was served by {only:ServedBy}")
def must_be_served_by(context: Ctx, only: str) -> None:
    """Exactly one worker of the model served each request, or one named worker served all of them."""
    context.world.checker.must(
        served_by_model, workers=context.world.cluster.models_by_worker(), only=context.world.cluster.workers.called(only)
    )


@then("every request reached a worker as {model:Model}, otherwise unchanged")
def must_be_resolved(context: Ctx, model: str) -> None:
    """The gateway replaced the client's name of the model by the worker's name and changed nothing else."""
    context.world.checker.must(resolved, model=model, workers=context.world.cluster.workers_of(model))


@then("every request arrived with path, fields and headers unchanged")
def must_be_unchanged(context: Ctx) -> None:
    """The worker received the path, each field and each header that the client sent."""
    context.world.checker.must(unchanged)


@then("{workers:Receivers} received no request")
def must_receive_nothing(context: Ctx, workers: str) -> None:
    """No worker received a request, or the named worker received none while others did."""
    context.world.requests.expectations.must_receive_nothing(context.world.cluster.workers.called(workers))


@then("{worker:WorkerId} received no request for {seconds:Seconds} seconds after its failure, and some afterwards")
def must_be_ejected(context: Ctx, worker: str, seconds: float) -> None:
    """The gateway kept requests from a worker that broke one off, and it ended that in time."""
    context.world.checker.must(ejected, worker=worker, seconds=seconds, workers=context.world.cluster.models_by_worker())


@then("every request{of:Attempted} took one attempt")
def must_take_one_attempt(context: Ctx, of: str) -> None:
    """The gateway sent each request once. Where a model has one worker, the second attempt would be one at that worker."""
    context.world.requests.expectations.must_take_one_attempt(of)


@then("another worker answered every request at the second attempt")
def must_be_taken_over(context: Ctx) -> None:
    """The gateway sent each request to a second worker, which answered it."""
    context.world.checker.must(taken_over)


@then("the gateway tried {count:Number} workers for every request, each after a longer pause")
def must_space_attempts(context: Ctx, count: int) -> None:
    """The attempts of each request went to different workers, with growing pauses between them."""
    workers = context.world.cluster.models_by_worker()
    context.world.checker.must(spaced_attempts, attempts=count, first_pause_seconds=FIRST_PAUSE_SECONDS, workers=workers)


@then("each {servers:Servers} served at least {share:Share}")
def must_spread(context: Ctx, servers: str, share: float) -> None:
    """Each worker of the model, or each hive, served that share or number. Targets with another balancing have its bounds instead."""
    context.world.checker.must(spread, at_least=share, **context.world.cluster.serving(servers))


@then("each {servers:Servers} served {least:Number} to {most:Number} of the requests")
def must_spread_evenly(context: Ctx, servers: str, least: int, most: int) -> None:
    """Each worker of the model, or each hive, served a number within these bounds, or within those of the target's balancing."""
    context.world.checker.must(spread, at_least=least, at_most=most, **context.world.cluster.serving(servers))


@then("no worker handled more than {limit:Number} {of:AtOnce}")
def must_handle_at_once(context: Ctx, limit: int, of: str) -> None:
    """No worker handled more requests at the same time, although more were sent. Those that waited got their turn in order of arrival."""
    context.world.requests.expectations.must_handle_at_once(limit, of)


@then("every request can be traced through {tiers:Tiers}")
def must_be_traced(context: Ctx, tiers: str) -> None:
    """The request id is in the log lines of those tiers."""
    context.world.requests.expectations.must_be_traced(tiers, context.world.cluster.hive_by_worker())


@then("the worker and its hive received subject {subject:Name} and {tenant:Tenant}")
def must_receive_claims(context: Ctx, subject: str, tenant: str | None) -> None:
    """The claims of the client's token are in the worker's journal and in the hive's log."""
    context.world.checker.must(claims, subject=subject, tenant=tenant, hives=context.world.cluster.hive_by_worker())


@then("the gateway rerouted every request within the {budget:Budget} time of the pause")
def must_be_rerouted(context: Ctx, budget: str) -> None:
    """The gateway sent each request of a paused worker to another worker in time."""
    context.world.checker.must(rerouted, what="paused", seconds=context.world.timeouts.named(budget))
