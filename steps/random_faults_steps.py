"""Random faults: a fault plan is drawn from the run's seed, or replayed from a file. Random kills of the gateway."""

from behave import step, then, when

from hivecheck.world.context import Ctx


@step("the faults of the fault plan are injected and removed")
def inject(context: Ctx) -> None:
    """Injects each fault of the plan at its time and returns when all of them are removed."""
    context.world.random_faults.inject()


@when("the gateway is killed at {kills:Number} random moments of {answers:Number} answers")
def kill_gateway(context: Ctx, kills: int, answers: int) -> None:
    """Returns when the load has so many more answers. The gateway is killed at random moments until then and started again at once."""
    context.world.gateway_kills.carry_out(kills, answers)


@then("every worker is routable within the {budget:Budget} time")
def must_all_serve(context: Ctx, budget: str) -> None:
    """The gateway shows every worker as online and ready."""
    context.world.random_faults.must_all_serve(context.world.timeouts.named(budget))
