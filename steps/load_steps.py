"""Load: steady load before, during and after a fault, and what its requests show. A Then about the load ends it first."""

from behave import step, then

from hivecheck.checks.answers.answered import all_answered, served_again, served_meanwhile
from hivecheck.checks.recovery.load_integrity import load_integrity
from hivecheck.checks.recovery.recovered import recovered
from hivecheck.checks.recovery.zero_failed import zero_failed
from hivecheck.measurement.recovery import LOAD
from hivecheck.world.context import Ctx
from hivecheck.world.load import Schedule


@step("steady load of {schedule:LoadSchedule} on {model:Model}{pace:LoadPace}")
def begin(context: Ctx, schedule: Schedule, model: str, pace: str) -> None:
    """Starts the one steady load of the scenario and waits for a baseline of answered requests."""
    context.world.load.begin(model, schedule, pace)


@step("the load continues {until:LoadUntil}")
def go_on(context: Ctx, until: str) -> None:
    """Waits while the load runs."""
    context.world.load.go_on(until)


@step("the load ends")
def end(context: Ctx) -> None:
    """Sends nothing more and waits until every request in flight has ended."""
    context.world.load.end()


@then("every load request was answered")
def must_all_answered(context: Ctx) -> None:
    """Every load request received a whole 2xx response."""
    context.world.load.end()
    context.world.checker.must(all_answered, purpose=LOAD)


@then("every retryable load request was answered")
def must_zero_failed(context: Ctx) -> None:
    """Under the fault, every load request was answered that had not received a byte. A response that had begun may break off."""
    context.world.load.end()
    context.world.checker.must(zero_failed)


@then("no load request was answered incorrectly or booked twice")
def must_be_sound(context: Ctx) -> None:
    """Load responses are whole and match the usage ledger. Refused and broken requests show their failure."""
    context.world.load.end()
    context.world.observations.usage.read(context.world.timeouts.settling)
    context.world.checker.must(load_integrity)


@then("at least {count:Number} load requests were answered while the fault was active")
def must_served_meanwhile(context: Ctx, count: int) -> None:
    """Proves that the load ran during the fault and that requests were answered."""
    context.world.load.end()
    context.world.checker.must(served_meanwhile, at_least=count)


@then("the load on {model:Model} is back to normal within the {budget:Budget} time of {moment:Moment}")
def must_recovered(context: Ctx, model: str, budget: str, moment: bool) -> None:
    """Continues the load until it is back to normal. From that moment to the first of only good windows, it took at most the budget."""
    context.world.load.end_once_recovered()
    workers = len(context.world.cluster.workers_of(model))
    context.world.checker.must(recovered, within=context.world.timeouts.named(budget), workers=workers, of_healing=moment)


@then("{worker:Worker} answered load requests sent after the removal")
def must_served_again(context: Ctx, worker: str) -> None:
    """The worker answered some load requests that were due after the fault's removal."""
    context.world.load.end()
    context.world.checker.must(served_again, worker=context.world.cluster.workers.called(worker))
