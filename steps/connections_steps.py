"""TCP connections, latency and retransmissions between nodes."""

from behave import then

from hivecheck.checks.recovery.retransmitted import retransmitted
from hivecheck.checks.recovery.slowed import slowed
from hivecheck.world.context import Ctx


@then("no {connection:ComparedConnection} is left within the {budget:Budget} time")
def must_have_closed(context: Ctx, connection: str, budget: str) -> None:
    """Compares the open connections with those that were noted earlier in the scenario."""
    context.world.observations.must_have_closed(connection, context.world.timeouts.named(budget))


@then("each answer of {model:Model} took at least {seconds:Seconds} seconds longer than the quickest of {others:Model}{share:TimeShare}")
def must_slowed(context: Ctx, model: str, seconds: float, others: str, share: float | None) -> None:
    """Compares the clients' response times of two models in the same run. The optional share bounds the faster model's median."""
    context.world.checker.must(slowed, model=model, others=others, at_least_seconds=seconds, others_share=share)


@then("at least {count:Number} TCP segments to {node:FaultTarget} were retransmitted")
def must_retransmitted(context: Ctx, count: int, node: str) -> None:
    """Counts segments with payload that reached the node a second time during its packet fault."""
    context.world.checker.must(retransmitted, node=context.world.cluster.workers.called(node), at_least=count)


@then("{node:FaultTarget} was retried with growing waits")
def must_growing_gaps(context: Ctx, node: str) -> None:
    """During its last packet fault, new connections to the node came at growing intervals."""
    context.world.observations.connections.must_back_off(context.world.cluster.workers.called(node))
