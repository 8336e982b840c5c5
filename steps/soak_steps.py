"""Soak: rounds of load with random faults. `hivecheck soak` gives its length, rate and faults."""

from behave import step, then

from hivecheck.world.context import Ctx


@step("the soak runs to its end")
def run(context: Ctx) -> None:
    """Repeats load, drain and idle, with random faults under the load. Stops after a round with a wrong answer."""
    context.world.soak.run()


@then("the soak shows no wrong answer, no avoidable failure and no leak")
def must_be_sound(context: Ctx) -> None:
    """Judges the responses of all rounds, the failures under the faults, and the floors of every process."""
    context.world.soak.must_be_sound()
