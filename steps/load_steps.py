"""Load: requests on a schedule, and clients that keep asking."""

from behave import given, then, when

from hivecheck.checks.answers.answered import all_answered, served_again, served_meanwhile
from hivecheck.checks.recovery.recovered import recovered
from hivecheck.checks.recovery.zero_failed import zero_failed
from hivecheck.measurement.recovery import LOAD
from hivecheck.world.context import Ctx


@given("steady load of {rate:Number} requests per second on {model:Model}")
def begin(context: Ctx, rate: int, model: str) -> None:
    context.world.load.begin(model, rate)


@given("steady load of {rate:Number} requests per second on {model:Model}, at its workers' own pace")
def begin_at_own_pace(context: Ctx, rate: int, model: str) -> None:
    context.world.load.begin(model, rate, pace="")


@when("the load has gone on for a while")
def go_on(context: Ctx) -> None:
    context.world.load.go_on()


@when("the load has gone on until it is back to normal")
def go_on_until_recovered(context: Ctx) -> None:
    context.world.load.go_on_until_recovered()


@when("the load ends")
def end(context: Ctx) -> None:
    context.world.load.end()


@then("at least {count:Number} requests of the load were answered while the fault was active")
def must_served_meanwhile(context: Ctx, count: int) -> None:
    context.world.checker.must(served_meanwhile, at_least=count)


@then("every request of the load was answered that could be tried again")
def must_zero_failed(context: Ctx) -> None:
    context.world.checker.must(zero_failed)


@then("the load on {model:Model} was back to normal within the {budget:Budget} time of the fault")
def must_recovered(context: Ctx, model: str, budget: str) -> None:
    workers = len(context.world.cluster.workers_of(model))
    context.world.checker.must(recovered, within=context.world.timeouts.named(budget), workers=workers)


@then("the load on {model:Model} was back to normal within the {budget:Budget} time of the healing")
def recovered_after_healing(context: Ctx, model: str, budget: str) -> None:
    workers = len(context.world.cluster.workers_of(model))
    context.world.checker.must(recovered, within=context.world.timeouts.named(budget), workers=workers, of_healing=True)


@then("all of the load was answered")
def must_all_answered(context: Ctx) -> None:
    context.world.checker.must(all_answered, purpose=LOAD)


@then("{worker:Worker} answered requests of the load that were sent after it was healed")
def must_served_again(context: Ctx, worker: str) -> None:
    context.world.checker.must(served_again, worker=worker)


@given("clients keep asking {model:Model}")
def begin_traffic(context: Ctx, model: str) -> None:
    context.world.traffic.begin(model)


@when("the clients go on asking for a while")
def go_on_traffic(context: Ctx) -> None:
    context.world.traffic.go_on()


@when("the clients have asked enough")
def end_traffic(context: Ctx) -> None:
    context.world.traffic.end()
