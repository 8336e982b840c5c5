"""Batches of requests that are checked one by one."""

from behave import given, then, when

from hivecheck.checks.answers.at_once import at_once
from hivecheck.checks.answers.batch_outcome import batch_outcome
from hivecheck.checks.answers.time_limit import ended_in_time
from hivecheck.checks.routing.attempts import one_attempt_each
from hivecheck.checks.routing.reused import reused
from hivecheck.checks.streams.broken_stream import broke_off
from hivecheck.world.context import Ctx


@when("{count:Number} chats for {model:Model} meet {mishap:Mishap}")
def send_in_turn(context: Ctx, count: int, model: str, mishap: str) -> None:
    context.world.requests.batches.send(model, count, mishap)


@when("{count:Number} chats at once for {model:Model} meet {mishap:Mishap}")
def send_at_once(context: Ctx, count: int, model: str, mishap: str) -> None:
    context.world.requests.batches.send(model, count, mishap, at_once=True)


@when("{count:Number} streams at once of {model:Model} meet {mishap:Mishap}")
def stream_at_once(context: Ctx, count: int, model: str, mishap: str) -> None:
    context.world.requests.batches.send(model, count, mishap, at_once=True, stream=True)


@then("each of them was answered")
def each_answered(context: Ctx) -> None:
    count = len(context.world.requests.batches.last)
    context.world.requests.batches.must(batch_outcome, answered=count, hits=(count, count))


@then("{count:Number} of them was answered, the others were refused with status {status:Number} and code {code:Code}")
@then("{count:Number} of them were answered, the others were refused with status {status:Number} and code {code:Code}")
def some_answered(context: Ctx, count: int, status: int, code: str) -> None:
    context.world.requests.batches.must(batch_outcome, answered=count, status=status, code=code, hits=(count, count))


@then("each of them was refused with status {status:Number} and code {code:Code}, by its worker")
def each_refused_by_worker(context: Ctx, status: int, code: str) -> None:
    count = len(context.world.requests.batches.last)
    context.world.requests.batches.must(batch_outcome, answered=0, status=status, code=code, hits=(count, count))


@then("each of them was refused with status {status:Number} and code {code:Code}, with no request to any worker")
def each_refused_at_once(context: Ctx, status: int, code: str) -> None:
    context.world.requests.batches.must(batch_outcome, answered=0, status=status, code=code, hits=(0, 0))


@then(
    "each of them was refused with status {status:Number} and code {code:Code}, after {least:Number} to {most:Number} requests to workers"
)
def each_refused_after(context: Ctx, status: int, code: str, least: int, most: int) -> None:
    context.world.requests.batches.must(batch_outcome, answered=0, status=status, code=code, hits=(least, most))


@then("each of them ended within the time the gateway promises")
def each_within_promise(context: Ctx) -> None:
    context.world.requests.batches.must(ended_in_time, seconds=context.world.requests.batches.promised_seconds())


@then("each of them ended within the {budget:Budget} time")
def each_within(context: Ctx, budget: str) -> None:
    context.world.requests.batches.must(ended_in_time, seconds=context.world.timeouts.named(budget))


@then("each of them took one attempt")
def must_one_attempt_each(context: Ctx) -> None:
    context.world.requests.batches.must(one_attempt_each)


@then("each of them broke off visibly within the {budget:Budget} time")
def each_broke_off(context: Ctx, budget: str) -> None:
    context.world.requests.batches.must(broke_off, seconds=context.world.timeouts.named(budget))


@then("each of them broke off with error event {code:Code} within the {budget:Budget} time")
def each_broke_off_with(context: Ctx, code: str, budget: str) -> None:
    context.world.requests.batches.must(broke_off, code=code, seconds=context.world.timeouts.named(budget))


@then("no worker had more than {limit:Number} of them at once")
def must_at_once(context: Ctx, limit: int) -> None:
    context.world.requests.batches.must(at_once, limit=limit)


@then("they came to their worker over at most {count:Number} connections")
def must_reused(context: Ctx, count: int) -> None:
    context.world.requests.batches.must(reused, at_most=count)


@given("a client of {model:Model} is {phase:Phase}, all {slots:Number} slots being taken")
def begin_phase_with_slots(context: Ctx, model: str, phase: str, slots: int) -> None:
    context.world.requests.cancellations.begin(model, phase, slots=slots)


@given("{count:Number} clients of {model:Model} are {phase:Phase}")
def begin_phase(context: Ctx, count: int, model: str, phase: str) -> None:
    context.world.requests.cancellations.begin(model, phase, count)


@when("they leave")
def leave(context: Ctx) -> None:
    context.world.requests.cancellations.leave()


@then("their workers let go of what was {phase:Phase} within the {budget:Budget} time")
def must_be_let_go(context: Ctx, phase: str, budget: str) -> None:
    context.world.requests.cancellations.must_be_let_go(phase, context.world.timeouts.named(budget))
