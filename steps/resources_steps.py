"""Memory, processor time and connections that run short."""

from behave import given, then, when

from hivecheck.world.context import Ctx


@given("the memory of {hive:Hive} is noted")
def note(context: Ctx, hive: str) -> None:
    context.world.observations.resources.note(hive)


@when("a worker {worker:Worker} of {model:Model} starts on {hive:Hive}, whose weights take {mib:Number} MiB")
def start_heavy(context: Ctx, worker: str, model: str, hive: str, mib: int) -> None:
    context.world.observations.resources.start_heavy(worker, model, hive, mib)


@given("{percent:Number} percent of the memory of {worker:Worker} are filled")
def fill(context: Ctx, percent: int, worker: str) -> None:
    context.world.observations.resources.fill(worker, percent)


@then("the kernel kills for want of memory at {hive:Hive} within the {budget:Budget} time")
def must_have_been_killed(context: Ctx, hive: str, budget: str) -> None:
    context.world.observations.resources.must_have_been_killed(hive, context.world.timeouts.named(budget))


@then("{hive:Hive} uses no more memory than before within the {budget:Budget} time")
def must_be_free(context: Ctx, hive: str, budget: str) -> None:
    context.world.observations.resources.must_be_free(hive, context.world.timeouts.named(budget))


@then("the kernel no longer holds {target:FaultTarget} back while chats for {model:Model} are answered")
def must_run_freely(context: Ctx, target: str, model: str) -> None:
    context.world.observations.resources.must_run_freely(target, model)


@then("newcomers at {hive:Hive} are turned away with 503 and closed, each within the {budget:Budget} time")
def must_turn_away(context: Ctx, hive: str, budget: str) -> None:
    context.world.observations.resources.must_turn_away(hive, context.world.timeouts.named(budget))


@then("each refusal says how much was needed and how much was free")
def must_tell_numbers(context: Ctx) -> None:
    context.world.observations.resources.must_tell_numbers()
