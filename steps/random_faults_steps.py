"""Random faults and fault plans."""

from behave import then, when

from hivecheck.checks.recovery.load_integrity import load_integrity
from hivecheck.world.context import Ctx


@when("the faults of the fault plan are injected and removed")
def inject(context: Ctx) -> None:
    context.world.random_faults.inject()


@then("no request of the load was answered wrongly or booked twice")
def load_sound(context: Ctx) -> None:
    context.world.observations.usage.read(context.world.timeouts.settling)
    context.world.checker.must(load_integrity)


@then("every worker can be routed to again within the {budget:Budget} time")
def must_all_serve(context: Ctx, budget: str) -> None:
    context.world.random_faults.must_all_serve(context.world.timeouts.named(budget))
