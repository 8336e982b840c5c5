"""Token usage and the usage ledger."""

from behave import then, when

from hivecheck.checks.usage.usage_chunk import usage_chunk
from hivecheck.world.context import Ctx


@when("the time is noted")
def mark_time(context: Ctx) -> None:
    """Divides the scenario in two, for totals before and after this moment."""
    context.world.observations.usage.mark_time()


@then("every request is booked exactly once, with the tokens that {counter:Counter} counted")
def must_be_booked(context: Ctx, counter: bool) -> None:
    """The ledger has one row for each request. The gateway counts tokens where the worker sends no usage."""
    context.world.observations.usage.must_be_booked(estimated=counter)


@then("every request that a worker received is booked exactly once, through {kills:Number} kills of the gateway under load")
def must_survive_kills(context: Ctx, kills: int) -> None:
    """Answers are booked with their tokens, and interrupted requests once. So many kills must have met a request at a worker."""
    context.world.load.end()
    context.world.observations.usage.must_survive_kills(kills)


@then("streams end with their usage if it was requested, and without it otherwise")
def must_have_usage_chunk(context: Ctx) -> None:
    """A stream has the usage chunk if, and only if, its client requested it."""
    context.world.checker.must(usage_chunk)


@then("the usage API shows {view:UsageView}")
def must_show_usage(context: Ctx, view: str) -> None:
    """The usage API agrees with ledger and journals, shows each tenant its own usage, or has deleted old requests."""
    context.world.observations.usage.must_show(view)
