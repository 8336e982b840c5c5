"""Hostile and broken clients."""

from behave import given, then, when

from hivecheck.checks.answers.refusal import hostile_refused
from hivecheck.checks.observability.no_log_injection import no_log_injection
from hivecheck.world.context import Ctx, Limits


@given("the gateway's memory is noted")
def note_memory(context: Ctx) -> None:
    """Keeps the gateway's memory for a later comparison."""
    context.world.requests.hostile.note_memory()


@when("hostile clients send {attack:Attack}")
def attack(context: Ctx, attack: str) -> None:
    """Sends an attack three times at once, every attack at once, or a flood."""
    context.world.requests.hostile.attack(attack)


@then("the gateway rejects every attack{status:WithStatus} within the {budget:Budget} time, before any worker receives it")
def must_reject(context: Ctx, status: Limits, budget: str) -> None:
    """Each attack got an error object in time, and the gateway made no upstream request for it."""
    workers = context.world.cluster.models_by_worker()
    context.world.checker.must(hostile_refused, seconds=context.world.timeouts.named(budget), workers=workers, **status)


@then("the gateway rejects a new connection within the {budget:Budget} time")
def must_reject_new_connection(context: Ctx, budget: str) -> None:
    """A chat on a new connection gets status 503 and a Retry-After header in time."""
    context.world.requests.hostile.must_reject_new_connection(context.world.timeouts.named(budget))


@then("the gateway's memory has grown by at most {most:Number} megabytes")
def must_not_fill_memory(context: Ctx, most: int) -> None:
    """The peak of the gateway's memory exceeds the noted one by at most so much."""
    context.world.requests.hostile.must_not_fill_memory(most)


@then("no client forged a line of the orchestrator's log")
def must_not_inject_logs(context: Ctx) -> None:
    """Each line of the log is one structured line that the orchestrator wrote itself."""
    context.world.checker.must(no_log_injection, node="orchestrator")
