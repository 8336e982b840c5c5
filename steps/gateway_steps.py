"""The gateway's reports: cluster status, statistics, circuit breakers, connection waits."""

from behave import step, then

from hivecheck.world.context import Ctx


@step("the cluster status counts {workers:WorkerCount} as online{within:Within}")
def must_count_online(context: Ctx, workers: str, within: str) -> None:
    """The gateway's cluster status counts the online workers. All declared workers also mean a healthy cluster."""
    context.world.cluster.gateway.must_count_online(workers, context.world.timeouts.within(within))


@then("the statistics count exactly the requests that clients sent")
def must_have_counted(context: Ctx) -> None:
    """The gateway's statistics grew by the requests, outcomes and tokens of this scenario since the note."""
    context.world.cluster.gateway.must_have_counted(len(context.world.requests.chats.calls))


@step("the gateway is ready without the registry")
def must_miss_registry(context: Ctx) -> None:
    """The cluster status shows the registry as disconnected, and the gateway still accepts requests."""
    context.world.cluster.gateway.must_miss_registry()


@step("the gateway logs once that {fact:GatewayLogFact}{within:Within}")
def must_log_once(context: Ctx, fact: str, within: str) -> None:
    """The gateway's log has one line of this scenario about the fact."""
    context.world.cluster.gateway.must_log_once(fact, context.world.timeouts.within(within))


@step("the circuit of {worker:Worker} is {state:Circuit}{within:Within}")
def must_have_circuit(context: Ctx, worker: str, state: str, within: str) -> None:
    """Status API and metrics show the state of the worker's circuit breaker. `not closed` means open or half open."""
    context.world.cluster.gateway.must_have_circuit(
        context.world.cluster.workers.called(worker), state, context.world.timeouts.within(within)
    )


@then("{count:Number} more requests have waited for a connection, {timed_out:Number} of them in vain")
def must_count_waits(context: Ctx, count: int, timed_out: int) -> None:
    """The gateway's metrics count the waits for a connection since the note, and the waits that timed out."""
    context.world.cluster.gateway.must_count_waits(count, timed_out)
