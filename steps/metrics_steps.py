"""Metrics, logs and traces of the nodes, and readings that are noted for a later comparison."""

from behave import step, then

from hivecheck.world.context import Ctx


@step("{reading:Reading} is noted")
def note(context: Ctx, reading: str) -> None:
    """Notes a reading, with which a later step or check compares."""
    context.world.observations.note(reading)


@then("every request has {record:RequestRecord}")
def must_record(context: Ctx, record: str) -> None:
    """Logs and metrics hold a record of each request. A time breakdown is only due where the client asked for it."""
    context.world.observations.metrics.must_record(record)


@step("the metrics of the gateway {presence:Presence} {worker:Worker} within the {budget:Budget} time")
def must_name(context: Ctx, presence: str, worker: str, budget: str) -> None:
    """Looks for the worker among the label values of the gateway's metrics."""
    context.world.observations.metrics.must_name(
        context.world.cluster.workers.called(worker), presence, context.world.timeouts.named(budget)
    )


@then("the metrics count {counted:MetricCount}")
def must_count(context: Ctx, counted: str) -> None:
    """Compares the metrics of gateway, registry and hives with noted counts or with the topology."""
    context.world.observations.metrics.must_count(counted)
