"""The registry: registrations, leases, and what it lists after a restart."""

from behave import step, then, when

from hivecheck.checks.answers.answered import answered_after
from hivecheck.world.context import Ctx


@step("a service {worker:WorkerId} is registered")
def begin(context: Ctx, worker: str) -> None:
    """Registers a service that exists in the registry only."""
    context.world.cluster.registry.begin(worker)


@when("{count:Number} services register at the same moment")
def register_at_once(context: Ctx, count: int) -> None:
    """Registers services that exist in the registry only, over several connections."""
    context.world.cluster.registry.register_at_once(count)


@when("{worker:WorkerId} registers again{change:Registration}")
def register_again(context: Ctx, worker: str, change: str) -> None:
    """Repeats the registration of a service, unchanged or with new values."""
    context.world.cluster.registry.register_again(worker, change)


@then("every registration is {outcome:RegistrationOutcome}")
def must_have_answered(context: Ctx, outcome: str) -> None:
    """The registry's answers to the registrations of the last step."""
    context.world.cluster.registry.must_have_answered(outcome)


@then("the registration of {worker:WorkerId} is {change:EntryChange}")
def must_be(context: Ctx, change: str, worker: str) -> None:
    """The registry entry is as at first, or has the epoch that was sent last."""
    context.world.cluster.registry.must_be(change, worker)


@then("{view:View} lists every registered service{within:Within}")
def must_list_all(context: Ctx, view: str, within: str) -> None:
    """A view shows each service that the scenario registered. The registry shows it as it was registered."""
    context.world.cluster.must_list_all(view, context.world.timeouts.within(within))


@then("{silent:WorkerId} is {end:LeaseEnd}{within:Within}, and {beating:WorkerId} with heartbeats is not")
def must_lose_lease(context: Ctx, silent: str, end: int, within: str, beating: str) -> None:
    """The registry drops the service without heartbeats and keeps the other one online."""
    context.world.cluster.registry.must_lose_lease(silent, end, beating, context.world.timeouts.within(within))


@step("the registry lists exactly the declared workers{within:Within}")
def must_list_declared(context: Ctx, within: str) -> None:
    """The online workers in the registry are the declared ones, several times in a row."""
    context.world.cluster.registry.must_list_declared(context.world.timeouts.within(within))


@then("every service registers again{within:Within}")
def must_hear_of_all(context: Ctx, within: str) -> None:
    """Every declared hive and worker sends a new registration to the restarted registry."""
    context.world.cluster.registry.must_hear_of_all(context.world.timeouts.within(within))


@then("no lease has expired since the restart of the registry")
def must_not_have_expired(context: Ctx) -> None:
    """The registry's log shows no expired and no unconfirmed service over several sweeps."""
    context.world.cluster.registry.must_not_have_expired()


@then("every chat sent after {hive:Hive} was started again was answered")
def must_answer_after(context: Ctx, hive: str) -> None:
    """At least one chat was sent after the start, and each of these got an answer."""
    context.world.checker.must(answered_after, node=hive, what="started again")
