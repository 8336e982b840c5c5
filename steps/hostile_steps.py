"""Malicious or broken clients."""

from behave import given, then, when

from hivecheck.checks.answers.refusal import turned_away
from hivecheck.checks.observability.no_log_injection import no_log_injection
from hivecheck.world.context import Ctx


@given("the gateway's memory is noted")
def note_memory(context: Ctx) -> None:
    context.world.requests.hostile.note_memory()


@when("intruders send {attack:Attack}")
def try_one(context: Ctx, attack: str) -> None:
    context.world.requests.hostile.try_one(attack)


@when("intruders try everything at once")
def try_everything(context: Ctx) -> None:
    context.world.requests.hostile.try_everything()


@when("intruders ask for hundreds of models that nobody knows")
def ask_for_unknown_models(context: Ctx) -> None:
    context.world.requests.hostile.ask_for_unknown_models()


@when("intruders hold more connections open than the gateway takes")
def occupy(context: Ctx) -> None:
    context.world.requests.hostile.occupy()


@then("a newcomer is told to come back within the {budget:Budget} time")
def must_turn_newcomer_away(context: Ctx, budget: str) -> None:
    context.world.requests.hostile.must_turn_newcomer_away(context.world.timeouts.named(budget))


@then("each intruder is turned away within the {budget:Budget} time, and no worker heard of them")
def must_turned_away(context: Ctx, budget: str) -> None:
    context.world.checker.must(turned_away, seconds=context.world.timeouts.named(budget))


@then("each intruder is turned away with status {status:Number} within the {budget:Budget} time, and no worker heard of them")
def turned_away_with(context: Ctx, status: int, budget: str) -> None:
    context.world.checker.must(turned_away, seconds=context.world.timeouts.named(budget), status=status)


@then("the gateway's memory has not grown by more than {most:Number} megabytes")
def must_not_fill_memory(context: Ctx, most: int) -> None:
    context.world.requests.hostile.must_not_fill_memory(most)


@then("every line of the orchestrator's log is its own")
def sound_logs(context: Ctx) -> None:
    context.world.checker.must(no_log_injection, node="orchestrator")
