"""Metrics, logs, traces and memory of the nodes."""

from behave import given, then, when

from hivecheck.checks.observability.bounded_labels import bounded_labels
from hivecheck.checks.observability.structured_logs import structured_logs
from hivecheck.checks.observability.time_breakdown import time_breakdown
from hivecheck.checks.observability.trace import joined
from hivecheck.checks.recovery.no_growth import no_growth
from hivecheck.world.context import Ctx


@given("the metrics of every service are noted")
@when("the metrics of every service are noted again")
def note(context: Ctx) -> None:
    context.world.observations.metrics.note()


@given("the gateway's memory and connections are noted")
@when("the gateway's memory and connections are noted again")
def note_footprint(context: Ctx) -> None:
    context.world.observations.metrics.note_footprint()


@given("{count:Number} large chats for {model:Model} have warmed the gateway up")
def warm_up(context: Ctx, count: int, model: str) -> None:
    context.world.requests.direct.warm_up(model, count)


@then("every client that asked is told where its time went, and the log and the metrics say the same")
def must_time_breakdown(context: Ctx) -> None:
    context.world.checker.must(time_breakdown, orchestrator="orchestrator")


@then("each request can be followed by its id through what was asked, where it went and what was inferred")
def must_joined(context: Ctx) -> None:
    context.world.checker.must(joined, orchestrator="orchestrator")


@then("every log line is structured, and each request has one line of its end under its id")
def must_structured_logs(context: Ctx) -> None:
    context.world.checker.must(structured_logs, orchestrator="orchestrator")


@then("no metric has a label that a client made up")
def must_bounded_labels(context: Ctx) -> None:
    context.world.checker.must(bounded_labels, models=context.world.cluster.known_models())


@then("the gateway's metrics show {worker:Worker} within the {budget:Budget} time")
def must_show(context: Ctx, worker: str, budget: str) -> None:
    context.world.observations.metrics.must_show(worker, is_shown=True, within=context.world.timeouts.named(budget))


@then("the gateway's metrics no longer show {worker:Worker} within the {budget:Budget} time")
def must_no_longer_show(context: Ctx, worker: str, budget: str) -> None:
    context.world.observations.metrics.must_show(worker, is_shown=False, within=context.world.timeouts.named(budget))


@then("the gateway's memory grew by less than {percent:Number} percent of what passed through it")
def footprint(context: Ctx, percent: int) -> None:
    passed = context.world.requests.direct.large_bytes
    context.world.checker.must(no_growth, node="orchestrator", passed_bytes=passed, share=percent / 100)


@then("the gateway has no more connections than before within the {budget:Budget} time")
def must_close(context: Ctx, budget: str) -> None:
    context.world.observations.metrics.must_close(context.world.timeouts.named(budget))


@given("the request counters of {model:Model} are noted")
def note_meters(context: Ctx, model: str) -> None:
    context.world.observations.meters.note(model)


@then("the metrics of gateway and hives grew by exactly {count:Number} requests of {model:Model}")
def must_have_grown(context: Ctx, count: int, model: str) -> None:
    context.world.observations.meters.must_have_grown(model, count, context.world.timeouts.settling)


@then("the metrics of registry and hives count exactly the declared services")
def must_count_declared(context: Ctx) -> None:
    context.world.observations.meters.must_count_declared()
