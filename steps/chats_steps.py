"""Chats and streams of ordinary clients."""

from behave import given, then, when

from hivecheck.world.context import Ctx


@when("a client asks {model:Model}")
def ask(context: Ctx, model: str) -> None:
    context.world.requests.chats.ask(model)


@when("a client streams {tokens:Number} tokens from {model:Model}")
def stream(context: Ctx, tokens: int, model: str) -> None:
    context.world.requests.chats.stream(model, tokens)


@when("a client streams {tokens:Number} tokens from {model:Model}, one every {seconds:Seconds} seconds")
def stream_slowly(context: Ctx, tokens: int, model: str, seconds: float) -> None:
    context.world.requests.chats.stream(model, tokens, pace=f"itl={seconds}")


@when("{count:Number} chats for {model:Model} are sent")
def ask_many(context: Ctx, count: int, model: str) -> None:
    context.world.requests.chats.ask_many(model, count)


@when("{count:Number} chats for {model:Model} are sent, one after the other")
def ask_in_turn(context: Ctx, count: int, model: str) -> None:
    context.world.requests.chats.ask_many(model, count, at_once=1)


@when("{count:Number} streams of {tokens:Number} tokens are taken from {model:Model}")
def stream_many(context: Ctx, count: int, tokens: int, model: str) -> None:
    context.world.requests.chats.stream_many(model, count, tokens)


@when("{count:Number} clients ask {model:Model} at once, each for {seconds:Seconds} seconds of work")
def ask_at_once(context: Ctx, count: int, model: str, seconds: float) -> None:
    context.world.requests.chats.ask_many(model, count, at_once=count, pace=f"ttft={seconds}")


@when("clients keep asking {model:Model} until one is answered")
def ask_until_answered(context: Ctx, model: str) -> None:
    context.world.requests.chats.ask_until_answered(model, context.world.timeouts.restart)


@when("a client with {who:Credential} asks {model:Model}")
def ask_as(context: Ctx, who: str, model: str) -> None:
    context.world.requests.chats.ask(model, who=who)


@when("a client with {who:Credential} asks for {model:ModelName}")
def ask_by_name(context: Ctx, who: str, model: str) -> None:
    context.world.requests.chats.ask(model, who=who)


@when("a client with a token of {subject:Name} from {tenant:Name} asks {model:Model}")
def ask_with_claims(context: Ctx, subject: str, tenant: str, model: str) -> None:
    context.world.requests.chats.claim(subject, tenant, model)


@when("a client sends a chat with {flaw:MalformedRequest}")
def send_flawed(context: Ctx, flaw: str) -> None:
    context.world.requests.chats.send_flawed(flaw)


@when("a client calls {path:Path} for {model:Model} with fields and headers the gateway does not know")
def send_unknown_things(context: Ctx, path: str, model: str) -> None:
    context.world.requests.chats.send_unknown_things(path, model)


@given("a client is streaming a long answer from {model:Model}")
def begin_long_stream(context: Ctx, model: str) -> None:
    context.world.requests.chats.begin_long_stream(model)


@given("a client is streaming from {model:Model}")
def begin_stream(context: Ctx, model: str) -> None:
    context.world.requests.chats.begin_stream(model)


@given("a client is streaming from {model:Model}, whose worker fails its health checks meanwhile")
def begin_stream_of_the_sick(context: Ctx, model: str) -> None:
    context.world.requests.chats.begin_stream_of_the_sick(model)


@when("a client waits for {model:Model}, whose worker fails its health checks meanwhile")
def start_waiting_for_the_sick(context: Ctx, model: str) -> None:
    context.world.requests.chats.start_waiting_for_the_sick(model)


@given("a client waits for the first token of {model:Model}")
def begin_waiting(context: Ctx, model: str) -> None:
    context.world.requests.chats.begin_waiting(model, context.world.checker.has_arrived)


@given("a client waits, with patience, for the first token of {model:Model}")
def begin_waiting_patiently(context: Ctx, model: str) -> None:
    context.world.requests.chats.begin_waiting_patiently(model, context.world.checker.has_arrived)


@then("a client's answer is still under way")
def must_be_under_way(context: Ctx) -> None:
    context.world.requests.chats.must_be_under_way()


@when("the client has its answer")
def wait_for_all(context: Ctx) -> None:
    context.world.requests.chats.wait_for_all()


@then("clients are offered exactly {models:Models}")
def must_be_offered_exactly(context: Ctx, models: list[str]) -> None:
    context.world.requests.chats.must_be_offered_exactly(models)


@then("a client with {who:Credential} is offered exactly {models:ModelNames}")
def must_be_offered_exactly_to(context: Ctx, who: str, models: list[str]) -> None:
    context.world.requests.chats.must_be_offered_exactly(models, who)


@then("{model:Model} is offered to clients within the {budget:Budget} time")
def must_be_offered(context: Ctx, model: str, budget: str) -> None:
    context.world.requests.chats.must_be_offered(model, is_offered=True, within=context.world.timeouts.named(budget))


@then("{model:Model} is no longer offered to clients within the {budget:Budget} time")
def must_no_longer_be_offered(context: Ctx, model: str, budget: str) -> None:
    context.world.requests.chats.must_be_offered(model, is_offered=False, within=context.world.timeouts.named(budget))


@given("clients are offered {model:Model}")
def await_offered(context: Ctx, model: str) -> None:
    context.world.requests.chats.must_be_offered(model, is_offered=True, within=context.world.timeouts.convergence)


@then("{model:Model} is still offered to clients")
def must_still_be_offered(context: Ctx, model: str) -> None:
    context.world.requests.chats.must_be_offered(model, is_offered=True, within=0)
