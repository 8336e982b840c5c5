"""Clients that use the openai SDK."""

from behave import then, when

from hivecheck.checks.answers.sdk_exception import sdk_exception
from hivecheck.checks.answers.tool_called import tool_called
from hivecheck.checks.streams.cancelled_upstream import left_alone
from hivecheck.world.context import Ctx, Limits


@when("the SDK requests {call:SdkCall} from {model:Model}")
def call(context: Ctx, call: str, model: str) -> None:
    """Calls the gateway through the SDK and waits for the response."""
    context.world.requests.sdk.call(call, model)


@when("the SDK requests a chat from {model:Model} {case:SdkErrorCase}")
def call_with_error(context: Ctx, model: str, case: str) -> None:
    """Calls the gateway through the SDK in a way that makes the call fail."""
    context.world.requests.sdk.call_with_error(case, model)


@then("the SDK finds {model:Model} in the list and by name")
def must_find(context: Ctx, model: str) -> None:
    """The SDK lists the model and retrieves it by name."""
    context.world.requests.sdk.must_find(model)


@then("the SDK raises {exception:Exception}{detail:Raised}")
def must_raise(context: Ctx, exception: str, detail: Limits) -> None:
    """The SDK raised that exception, after so many of its own calls and of the gateway's upstream requests."""
    context.world.checker.must(sdk_exception, exception=exception, **detail)


@then("every answer calls the tool {tool:Name}")
def must_call_tool(context: Ctx, tool: str) -> None:
    """Each response of the model is a call of that tool."""
    context.world.checker.must(tool_called, tool=tool)


@then("no worker continues a cancelled request")
def must_be_left_alone(context: Ctx) -> None:
    """Each worker stopped the work for a request soon after its client disconnected."""
    context.world.checker.must(left_alone, seconds=context.world.timeouts.cancellation)
