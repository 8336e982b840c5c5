"""What clients got: judged by checks over history, never by what a step itself believed."""

from behave import then

from hivecheck.checks.answers.answered import all_answered
from hivecheck.checks.answers.chat_schema import chat_schema
from hivecheck.checks.answers.refusal import refusal
from hivecheck.checks.answers.time_limit import outlasted, within_time
from hivecheck.checks.streams.broken_stream import broken_stream, unaffected
from hivecheck.checks.streams.paced_stream import paced_stream
from hivecheck.checks.streams.whole_stream import whole_stream
from hivecheck.world.context import Ctx


@then("every client was answered")
def must_all_answered(context: Ctx) -> None:
    context.world.checker.must(all_answered)


@then("all {count:Number} chats were answered")
def all_chats_answered(context: Ctx, count: int) -> None:
    context.world.checker.must(all_answered, count=count)


@then("every answer is a full chat completion of the model that was asked for")
def must_chat_schema(context: Ctx) -> None:
    context.world.checker.must(chat_schema)


@then("every stream is whole: each token once, in order, a finish reason and the end marker")
def must_whole_stream(context: Ctx) -> None:
    context.world.checker.must(whole_stream)


@then("every stream broke off so that its client can tell")
def must_broken_stream(context: Ctx) -> None:
    context.world.checker.must(broken_stream)


@then("every token arrives at the pace at which its worker emitted it")
def must_paced_stream(context: Ctx) -> None:
    context.world.checker.must(paced_stream, lag_seconds=context.world.timeouts.chunk_lag)


@then("every answer took no longer than the {budget:Budget} time")
def must_within_time(context: Ctx, budget: str) -> None:
    context.world.checker.must(within_time, seconds=context.world.timeouts.named(budget))


@then("every client is refused with status {status:Number} and code {code:Code}")
def refused(context: Ctx, status: int, code: str) -> None:
    context.world.checker.must(refusal, status=status, code=code)


@then("every client is refused with status {status:Number} and code {code:Code}, naming {param:Parameter}")
def refused_naming(context: Ctx, status: int, code: str, param: str | None) -> None:
    context.world.checker.must(refusal, status=status, code=code, param=param)


@then("every client is refused with status {status:Number} and code {code:Code}, and told when to come back")
def refused_for_now(context: Ctx, status: int, code: str) -> None:
    context.world.checker.must(refusal, status=status, code=code, has_retry_after=True)


@then("every stream broke off so that its client can tell, by error event {code:Code}")
def broken_stream_with_event(context: Ctx, code: str) -> None:
    context.world.checker.must(broken_stream, code=code)


@then("the streams of the worker that was killed broke off, and every other stream is whole")
def must_unaffected(context: Ctx) -> None:
    context.world.checker.must(unaffected, what="killed")


@then("every stream outlasted {seconds:Seconds} seconds, longer than any time limit of the gateway")
def must_outlasted(context: Ctx, seconds: float) -> None:
    context.world.checker.must(outlasted, seconds=seconds)
