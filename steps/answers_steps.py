"""Responses that clients received, judged from history."""

from behave import then

from hivecheck.checks.answers.chat_schema import chat_schema
from hivecheck.checks.answers.refusal import refusal
from hivecheck.checks.answers.time_limit import outlasted
from hivecheck.checks.streams.whole_stream import whole_stream
from hivecheck.world.context import Ctx, Limits


@then("every request{of:Of} was answered{total:Total}")
def must_be_answered(context: Ctx, of: str, total: int | None) -> None:
    """Every request of the scenario, or of its last batch, was answered. A batch also took one upstream request each."""
    context.world.requests.expectations.must_be_answered(of, total)


@then("every answer is a full chat completion of the requested model")
def must_chat_schema(context: Ctx) -> None:
    """Each response has the whole OpenAI schema and names the model that the client requested."""
    context.world.checker.must(chat_schema)


@then("every stream is whole")
def must_whole_stream(context: Ctx) -> None:
    """Each stream has each token once and in order, a finish reason and the end marker."""
    context.world.checker.must(whole_stream)


@then("{streams:Streams} broke off visibly{event:Event}")
def must_break_off(context: Ctx, streams: str, event: str | None) -> None:
    """The streams ended early, and clients can see that. The streams of other workers than a killed one are whole."""
    context.world.requests.expectations.must_break_off(streams, event)


@then("{latency:Latency} is within the {budget:Budget} time")
def must_be_within(context: Ctx, latency: str, budget: str) -> None:
    """A latency that history shows is at most a time budget."""
    context.world.requests.expectations.must_be_within(latency, context.world.timeouts.named(budget))


@then("{streams:Lasting} lasted longer than {seconds:Seconds} seconds")
def must_outlast(context: Ctx, streams: bool, seconds: float) -> None:
    """Each stream, or one of them, ran for more than so many seconds, longer than a limit that must not cut it."""
    context.world.checker.must(outlasted, seconds=seconds, is_one_enough=streams)


@then("every request was refused with status {status:Number} and code {code:Code}{detail:Refusal}")
def must_refuse(context: Ctx, status: int, code: str, detail: Limits) -> None:
    """Each request of the scenario got an error object, with a parameter or a Retry-After header if the sentence says so."""
    context.world.checker.must(refusal, status=status, code=code, **detail)
