"""Batches of requests that are judged apart from all others of the scenario."""

from behave import step, then, when

from hivecheck.checks.answers.time_limit import ended_in_time
from hivecheck.checks.routing.reused import reused
from hivecheck.checks.streams.broken_stream import broke_off
from hivecheck.world.context import Ctx


@when("clients send a batch of {count:Number} {kind:Kind} for {model:Model}{simulate:Simulating}")
def send(context: Ctx, count: int, kind: str, model: str, simulate: str) -> None:
    """Sends a batch and waits for its end. The workers do with it what the sentence simulates."""
    context.world.requests.batches.send(model, count, kind, simulate)


@step("a batch of {count:RequestCount} for {model:Model} is {phase:Phase}")
def begin(context: Ctx, count: int, model: str, phase: str) -> None:
    """Sends a batch and returns when each of its requests is in that phase."""
    context.world.requests.batches.begin(model, count, phase)


@when("the clients of {group:Group} disconnect")
def disconnect(context: Ctx, group: str) -> None:
    """The clients close their connections before their responses end."""
    context.world.requests.disconnect(group)


@then("the workers cancel every request of the batch within the {budget:Budget} time")
def must_be_cancelled(context: Ctx, budget: str) -> None:
    """The workers stop the work of the batch in time after its clients disconnected."""
    context.world.requests.batches.must_be_cancelled(context.world.timeouts.named(budget))


@then("every request of the batch was refused with status {status:Number} and code {code:Code}{hits:Hits}")
def must_be_refused(context: Ctx, status: int, code: str, hits: tuple[int, int] | None) -> None:
    """Each request of the last batch was refused, and the workers received so many upstream requests for it."""
    context.world.requests.batches.must_be_refused(status, code, hits)


@then("the gateway answered {count:Number} of the batch and refused the others with status {status:Number} and code {code:Code}")
def must_be_answered_in_part(context: Ctx, count: int, status: int, code: str) -> None:
    """Only so many requests of the last batch reached a worker and were answered."""
    context.world.requests.batches.must_be_answered(count, status, code)


@then("every request of the batch ended within the {limit:TimeLimit}")
def must_end(context: Ctx, limit: str | None) -> None:
    """Each request of the last batch ended in time, answered or not."""
    context.world.requests.batches.must(ended_in_time, seconds=context.world.requests.batches.seconds_of(limit))


@then("every request of the batch broke off visibly{event:Event} within the {budget:Budget} time")
def must_break_off_in_time(context: Ctx, event: str | None, budget: str) -> None:
    """Each response of the last batch ended early and in time after its last byte, and clients can see that."""
    context.world.requests.batches.must(broke_off, code=event, seconds=context.world.timeouts.named(budget))


@then("the batch used at most {count:Number} connections")
def must_reuse(context: Ctx, count: int) -> None:
    """The gateway sent the last batch to its worker over no more connections than that."""
    context.world.requests.batches.must(reused, at_most=count)
