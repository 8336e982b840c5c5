"""Users of the openai SDK."""

from behave import then, when

from hivecheck.checks.answers.sdk_exception import sdk_exception
from hivecheck.checks.answers.tool_called import tool_called
from hivecheck.checks.streams.cancelled_upstream import left_alone
from hivecheck.world.context import Ctx


@when("a developer calls {path:Path} for {model:Model}")
def ask(context: Ctx, path: str, model: str) -> None:
    context.world.requests.sdk.ask(path, model)


@when("a developer streams {tokens:Number} tokens from {model:Model}")
def stream(context: Ctx, tokens: int, model: str) -> None:
    context.world.requests.sdk.stream(model, tokens)


@when("a developer goes on with {model:Model} after a tool was called")
def bring_tools(context: Ctx, model: str) -> None:
    context.world.requests.sdk.bring_tools(model)


@when("a developer asks {model:Model} what only a tool can tell")
def require_tool(context: Ctx, model: str) -> None:
    context.world.requests.sdk.require_tool(model)


@when("a developer closes a stream from {model:Model} after its first tokens")
def leave_stream(context: Ctx, model: str) -> None:
    context.world.requests.sdk.leave_stream(model)


@when("a developer asks {model:Model} with {trouble:SdkErrorCase}")
def meet(context: Ctx, model: str, trouble: str) -> None:
    context.world.requests.sdk.meet(trouble, model)


@then("a developer finds {model:Model} in the list and by name")
def must_find(context: Ctx, model: str) -> None:
    context.world.requests.sdk.must_find(model)


@then("{exception:Exception} is raised, with no request to any worker")
def raised_early(context: Ctx, exception: str) -> None:
    context.world.checker.must(sdk_exception, exception=exception, calls=0, most=0)


@then("{exception:Exception} is raised, after {calls:Number} calls and at most {most:Number} requests to workers")
def raised(context: Ctx, exception: str, calls: int, most: int) -> None:
    context.world.checker.must(sdk_exception, exception=exception, calls=calls, most=most)


@then("every answer calls the tool {tool:Name}")
def calls_tool(context: Ctx, tool: str) -> None:
    context.world.checker.must(tool_called, tool=tool)


@then("no worker goes on with a request that its client has left")
def must_left_alone(context: Ctx) -> None:
    context.world.checker.must(left_alone)
