"""Users of the openai SDK."""

from behave import then, when

from hivecheck.checks.answers.sdk_exception import sdk_exception
from hivecheck.checks.answers.tool_called import tool_called
from hivecheck.checks.streams.left_alone import left_alone


@when("a developer calls {path:Path} for {model:Model}")
def ask(context, path, model):
    context.world.requests.sdk.ask(path, model)


@when("a developer streams {tokens:Number} tokens from {model:Model}")
def stream(context, tokens, model):
    context.world.requests.sdk.stream(model, tokens)


@when("a developer goes on with {model:Model} after a tool was called")
def bring_tools(context, model):
    context.world.requests.sdk.bring_tools(model)


@when("a developer asks {model:Model} what only a tool can tell")
def require_tool(context, model):
    context.world.requests.sdk.require_tool(model)


@when("a developer closes a stream from {model:Model} after its first tokens")
def leave_stream(context, model):
    context.world.requests.sdk.leave_stream(model)


@when("a developer asks {model:Model} with {trouble:SdkErrorCase}")
def meet(context, model, trouble):
    context.world.requests.sdk.meet(trouble, model)


@then("a developer finds {model:Model} in the list and by name")
def must_find(context, model):
    context.world.requests.sdk.must_find(model)


@then("{exception:Exception} is raised, with no request to any worker")
def raised_early(context, exception):
    context.world.checker.must(sdk_exception, exception=exception, calls=0, most=0)


@then("{exception:Exception} is raised, after {calls:Number} calls and at most {most:Number} requests to workers")
def raised(context, exception, calls, most):
    context.world.checker.must(sdk_exception, exception=exception, calls=calls, most=most)


@then("every answer calls the tool {tool:Name}")
def calls_tool(context, tool):
    context.world.checker.must(tool_called, tool=tool)


@then("no worker goes on with a request that its client has left")
def must_left_alone(context):
    context.world.checker.must(left_alone)
