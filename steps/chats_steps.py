"""Chats and streams of ordinary clients."""

from behave import step, then, when

from hivecheck.world.context import Ctx
from hivecheck.world.requests.worker_behaviours import WAITS, Pattern


@when("{client:Client} sends a chat for {model:ModelName}{simulate:Simulating}")
def send_chat(context: Ctx, client: str, model: str, simulate: str) -> None:
    """Sends one unary chat and waits for its end."""
    context.world.requests.chats.ask(model, identity=client, simulate=simulate)


@when("a client streams {tokens:Number} tokens from {model:Model}{usage:WithUsage}{simulate:Simulating}")
def stream(context: Ctx, tokens: int, model: str, usage: bool | None, simulate: str) -> None:
    """Sends one streamed chat and waits for its end. `with usage` requests the usage chunk, `declining usage` sends `false`."""
    context.world.requests.chats.stream(model, tokens, simulate, with_usage=usage)


@when("clients send {count:Number} {kind:Kind} for {models:Models}{simulate:Simulating}")
def send(context: Ctx, count: int, kind: str, models: list[str], simulate: str) -> None:
    """Sends so many requests of one kind and waits for their end. Plain chats run four at a time."""
    context.world.requests.send(count, kind, models, simulate)


@when("clients send {count:Number} sequential streams of {tokens:Number} tokens for {model:Model}")
def send_streams(context: Ctx, count: int, tokens: int, model: str) -> None:
    """Sends streams one after the other and waits for their end."""
    context.world.requests.chats.stream_many(model, count, tokens)


@when("clients send {count:Number} chats, each for another unknown model")
def send_for_unknown_models(context: Ctx, count: int) -> None:
    """Sends sequential chats for model names that do not exist, no two alike."""
    context.world.requests.direct.ask_unknown_models(count)


@when("a client sends chats for {model:Model} until {worker:WorkerId} resets one")
def send_until(context: Ctx, model: str, worker: str) -> None:
    """Sends sequential chats until a worker resets one that another worker then answers."""
    context.world.requests.chats.ask_until_reset(model, worker)


@step("a chat for {model:Model} is answered{within:Within}")
def must_become_answered(context: Ctx, model: str, within: str) -> None:
    """Sends sequential chats until one is answered, which must happen within the budget."""
    context.world.requests.chats.must_become_answered(model, context.world.timeouts.within(within))


@when("a client sends a chat with {defect:MalformedRequest}")
def send_malformed(context: Ctx, defect: str) -> None:
    """Sends one malformed request and waits for the response."""
    context.world.requests.chats.send_malformed(defect)


@when("a client sends {path:Path} for {model:Model} with {extras:Extras}")
def send_unchanged(context: Ctx, path: str, model: str, extras: str) -> None:
    """Sends one request with parts that the gateway does not know and must pass through."""
    context.world.requests.send_unchanged(path, model, extras)


@step("a client is streaming from {model:Model}{pattern:StreamPattern}")
def begin_stream(context: Ctx, model: str, pattern: Pattern) -> None:
    """Starts a stream and returns when the first tokens have arrived. It takes a second and a half, unless the sentence says more."""
    context.world.requests.chats.begin(model, pattern, context.world.checker.has_arrived)


@step("a client waits for the first token of {model:Model}{pattern:WaitPattern}")
def begin_chat(context: Ctx, model: str, pattern: str) -> None:
    """Starts a chat and returns when a worker has it. The first token comes a second later, unless the sentence says more."""
    context.world.requests.chats.begin(model, WAITS[pattern], context.world.checker.has_arrived)


@when("clients abort {count:Number} {pattern:AbortedStream} of {model:Model}{usage:WithUsage}")
def abort(context: Ctx, count: int, pattern: Pattern, model: str, usage: bool | None) -> None:
    """Starts concurrent streams. Their clients disconnect after the first tokens."""
    context.world.requests.chats.abort(model, count, pattern, with_usage=usage)


@step("the client's response is {state:ResponseState}")
def must_be(context: Ctx, state: str) -> None:
    """`complete` waits for the end of every request. `still running` ends the scenario without a verdict if none runs."""
    context.world.requests.chats.must_be(state)


@then("the gateway offers exactly {models:ModelNames} to {client:Client}")
def must_be_offered_exactly(context: Ctx, models: list[str], client: str) -> None:
    """The gateway's list of models has these models for that client, each once, and no other."""
    context.world.requests.chats.must_be_offered_exactly(models, client)


@step("the gateway {offers:Offers} {model:ModelName}{within:Within}")
def must_be_offered(context: Ctx, offers: bool, model: str, within: str) -> None:
    """The gateway lists the model and describes it by its name, or does neither and answers 404."""
    context.world.requests.chats.must_be_offered(model, is_offered=offers, within=context.world.timeouts.within(within))
