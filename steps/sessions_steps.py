"""Sessions: conversations of several turns, and the workers that hold them."""

from behave import step, then, when

from hivecheck.checks.answers.throughput import throughput
from hivecheck.checks.routing.smaller_queue import smaller_queue
from hivecheck.checks.sessions.owners_apart import owners_apart
from hivecheck.checks.sessions.sticky import sticky
from hivecheck.checks.sessions.warm_turns import warm_turns
from hivecheck.world.context import Ctx, Limits
from hivecheck.world.requests.expectations import WARM_SHARE
from hivecheck.world.requests.sessions import Holding


@step("clients hold {count:SessionCount} with {model:Model}{how:Holding}")
def hold(context: Ctx, count: int, model: str, how: Holding) -> None:
    """Starts sessions with new names, in headers that the gateway reads. Each takes its first turn, or as many as the sentence says."""
    context.world.requests.sessions.hold(model, count, how)


@when("{which:Which} takes another turn{simulate:Simulating}")
def take_turn(context: Ctx, which: str, simulate: str) -> None:
    """Every session, or one of them, sends its next turn."""
    context.world.requests.sessions.take_turn(which, simulate)


@then("each session stayed at one worker{detail:Staying}")
def must_be_sticky(context: Ctx, detail: Limits) -> None:
    """One worker served all turns of a session, and different workers served different sessions."""
    context.world.checker.must(sticky, **detail)


@then("sessions moved only {direction:Direction}")
def must_move_only(context: Ctx, direction: str) -> None:
    """Sessions changed their worker only where a worker was killed or joined."""
    context.world.requests.expectations.must_move_only(direction)


@then("every later turn found its prompt in the worker's cache")
def must_be_warm(context: Ctx) -> None:
    """The worker had the earlier turns in its prefix cache, so the first token took less than half the time."""
    context.world.checker.must(warm_turns, at_most=WARM_SHARE)


@then("the tenants share no session")
def must_be_apart(context: Ctx) -> None:
    """Sessions of the same name, held by two tenants, are two sessions."""
    context.world.checker.must(owners_apart)


@then("the gateway chose workers with a smaller queue for {count:Number} chats or more while the stream ran")
def must_choose_smaller_queue(context: Ctx, count: int) -> None:
    """Each chat that was sent during the stream went to a worker with fewer requests."""
    context.world.checker.must(smaller_queue, at_least=count)


@then("more than {count:Number} requests were answered each second")
def must_have_throughput(context: Ctx, count: int) -> None:
    """The answered requests, divided by the time that they took together, exceed that rate."""
    context.world.checker.must(throughput, per_second=count)
