"""TCP connections as the kernels report them."""

from behave import then, when

from hivecheck.checks.recovery.backoff import growing_gaps
from hivecheck.checks.recovery.retransmitted import retransmitted
from hivecheck.checks.recovery.slowed import slowed
from hivecheck.world.context import Ctx


@when("the connections from {node:FaultTarget} to {peer:FaultTarget} are noted")
def note(context: Ctx, node: str, peer: str) -> None:
    context.world.observations.connections.note(node, peer)


@then("none of the noted connections from {node:FaultTarget} to {peer:FaultTarget} is left within the {budget:Budget} time")
def must_have_dropped(context: Ctx, node: str, peer: str, budget: str) -> None:
    context.world.observations.connections.must_have_dropped(node, peer, context.world.timeouts.named(budget))


@then("each answer of {model:Model} took at least {seconds:Seconds} seconds longer than the quickest of {others:Model}")
def must_slowed(context: Ctx, model: str, seconds: float, others: str) -> None:
    context.world.checker.must(slowed, model=model, others=others, at_least_seconds=seconds)


@then(
    "each answer of {model:Model} took at least {seconds:Seconds} seconds longer than the quickest of {others:Model}, "
    "which took at most {percent:Number} percent of that time"
)
def slowed_alone(context: Ctx, model: str, seconds: float, others: str, percent: int) -> None:
    context.world.checker.must(slowed, model=model, others=others, at_least_seconds=seconds, others_share=percent / 100)


@then("at least {count:Number} segments had to be sent again to {node:FaultTarget}")
def must_retransmitted(context: Ctx, count: int, node: str) -> None:
    context.world.checker.must(retransmitted, node=node, at_least=count)


@then("{node:FaultTarget} was tried again after ever longer waits")
def must_growing_gaps(context: Ctx, node: str) -> None:
    context.world.checker.must(growing_gaps, node=node, factor=1.5, count=3)
