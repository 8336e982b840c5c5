"""Requests that pass the gateway unchanged, or past it directly to a worker."""

from behave import given, then, when

from hivecheck.checks.answers.fidelity import verbatim
from hivecheck.checks.answers.own_answer import own_answer
from hivecheck.checks.answers.transparent import transparent
from hivecheck.world.context import Ctx


@when("a client sends a chat and a stream for {model:Model} to the gateway and to {worker:Worker}{simulate:Simulating}")
def compare(context: Ctx, model: str, worker: str, simulate: str) -> None:
    """Sends the same two requests to the gateway and directly to the worker."""
    context.world.requests.direct.compare(model, context.world.cluster.workers.called(worker), simulate)


@when("a client sends {count:Number} streams for {model:Model} to the gateway and to {worker:Worker} in turn{simulate:Simulating}")
def alternate(context: Ctx, count: int, model: str, worker: str, simulate: str) -> None:
    """Sends so many streams each way, on one connection each, so that the added latency can be measured."""
    context.world.requests.direct.alternate(model, context.world.cluster.workers.called(worker), count, simulate)


@given("{count:Number} direct requests keep {worker:Worker} busy, at least {waiting:Number} of them queued")
def occupy(context: Ctx, count: int, worker: str, waiting: int) -> None:
    """Sends requests past the gateway. Returns when the worker's heartbeats have reported the queue to the gateway."""
    context.world.requests.direct.occupy(context.world.cluster.workers.called(worker), count, waiting)


@given("{count:Number} requests of one session keep a worker of {model:Model} busy, at least {waiting:Number} of them queued")
def occupy_by_session(context: Ctx, count: int, model: str, waiting: int) -> None:
    """Sends requests that one worker must serve. Returns when its heartbeats have reported the queue to the gateway."""
    context.world.requests.direct.occupy_by_session(model, count, waiting)


@then("the gateway returns the same as the worker")
def must_be_transparent(context: Ctx) -> None:
    """The responses of the gateway and of the worker are equal in status, content type and content."""
    context.world.checker.must(transparent)


@then("the gateway passes every request and response through byte for byte")
def must_be_verbatim(context: Ctx) -> None:
    """The worker received the bytes that the client sent, and the client received the worker's headers and bytes."""
    context.world.checker.must(verbatim, returned=context.world.requests.direct.returned)


@then("every client received the answer to its own request")
def must_be_own_answer(context: Ctx) -> None:
    """Each response has the model, the kind and the length that its request demanded."""
    context.world.checker.must(own_answer)
