"""What clients got: judged by checks over history, never by what a step itself believed."""

from behave import then


@then("every client was answered")
def all_answered(context):
    context.world.checker.must("all answered")


@then("all {count:Number} chats were answered")
def all_chats_answered(context, count):
    context.world.checker.must("all answered", count=count)


@then("every answer is a full chat completion of the model that was asked for")
def chat_schema(context):
    context.world.checker.must("chat schema")


@then("every stream is whole: each token once, in order, a finish reason and the end marker")
def whole_stream(context):
    context.world.checker.must("whole stream")


@then("every stream broke off so that its client can tell")
def broken_stream(context):
    context.world.checker.must("broken stream")


@then("every token arrives at the pace at which its worker emitted it")
def paced_stream(context):
    context.world.checker.must("paced stream", lag_seconds=context.world.timeouts.chunk_lag)


@then("every answer took no longer than the {budget:Budget} time")
def within_time(context, budget):
    context.world.checker.must("within time", seconds=context.world.timeouts.named(budget))


@then("every client is refused with status {status:Number} and code {code:Code}")
def refused(context, status, code):
    context.world.checker.must("refusal", status=status, code=code)


@then("every client is refused with status {status:Number} and code {code:Code}, naming {param:Parameter}")
def refused_naming(context, status, code, param):
    context.world.checker.must("refusal", status=status, code=code, param=param)


@then("every client is refused with status {status:Number} and code {code:Code}, and told when to come back")
def refused_for_now(context, status, code):
    context.world.checker.must("refusal", status=status, code=code, has_retry_after=True)


@then("every stream broke off so that its client can tell, by error event {code:Code}")
def broken_stream_with_event(context, code):
    context.world.checker.must("broken stream", code=code)


@then("the streams of the worker that was killed broke off, and every other stream is whole")
def unaffected(context):
    context.world.checker.must("unaffected", what="killed")


@then("every stream outlasted {seconds:Seconds} seconds, longer than any time limit of the gateway")
def outlasted(context, seconds):
    context.world.checker.must("outlasted", seconds=seconds)
