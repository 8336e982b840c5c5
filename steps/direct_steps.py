"""Requests with special features: timing headers, unknown fields, direct requests to a worker."""

from behave import then, when

from hivecheck.checks.answers.fidelity import verbatim
from hivecheck.checks.answers.own_answer import own_answer
from hivecheck.checks.answers.transparent import transparent
from hivecheck.checks.streams.added_first_token import added_first_token
from hivecheck.world.context import Ctx


@when("a client that wants to know where its time went asks {model:Model} for {seconds:Seconds} seconds of work")
def time_unary(context: Ctx, model: str, seconds: float) -> None:
    context.world.requests.direct.time(model, f"ttft={seconds}", stream=False)


@when("a client that wants to know where its time went streams {seconds:Seconds} seconds of work from {model:Model}")
def time_stream(context: Ctx, seconds: float, model: str) -> None:
    context.world.requests.direct.time(model, f"ttft={seconds}", stream=True)


@when("a client streams {tokens:Number} tokens from {model:Model}, whose worker {quirk:Quirk}")
def stream_quirky(context: Ctx, tokens: int, model: str, quirk: str) -> None:
    context.world.requests.direct.stream_quirky(model, tokens, quirk)


@when("{count:Number} clients that want to know where their time went ask {model:Model}, whose {worker:Worker} turns them away")
def time_retries(context: Ctx, count: int, model: str, worker: str) -> None:
    context.world.requests.direct.time(model, f"at={worker};fault=status:503", stream=False, times=count)


@when("a client sends {path:Path} for {model:Model} what no gateway knows")
def send_verbatim(context: Ctx, path: str, model: str) -> None:
    context.world.requests.direct.send_verbatim(path, model)


@when("a client streams from {model:Model} what no gateway knows")
def stream_verbatim(context: Ctx, model: str) -> None:
    context.world.requests.direct.send_verbatim("/v1/chat/completions", model, stream=True)


@when("{count:Number} chats for models that somebody made up are sent")
def ask_made_up(context: Ctx, count: int) -> None:
    context.world.requests.direct.ask_made_up(count)


@when("{count:Number} clients ask {models:Models} at the same time, each for another length, streamed or not")
def ask_at_once(context: Ctx, count: int, models: list[str]) -> None:
    context.world.requests.direct.ask_at_once(models, count)


@when("{count:Number} streams are taken by turns from {model:Model} and from {worker:Worker} itself, each after {seconds:Seconds} seconds")
def stream_by_turns(context: Ctx, count: int, model: str, worker: str, seconds: float) -> None:
    context.world.requests.direct.stream_by_turns(model, worker, count, seconds)


@when("{count:Number} large chats for {model:Model} are sent")
def ask_large(context: Ctx, count: int, model: str) -> None:
    context.world.requests.direct.ask_large(model, count)


@when("{count:Number} clients leave in the middle of their streams from {model:Model}")
def leave_in_mid_stream(context: Ctx, count: int, model: str) -> None:
    context.world.requests.direct.leave_in_mid_stream(model, count, is_stalled=False)


@when("{count:Number} clients leave streams from {model:Model} that have stalled")
def leave_stalled(context: Ctx, count: int, model: str) -> None:
    context.world.requests.direct.leave_in_mid_stream(model, count, is_stalled=True)


@when("a client gets {oddity:Oddity} from {model:Model}, and one from {worker:Worker} itself")
def compare(context: Ctx, oddity: str, model: str, worker: str) -> None:
    context.world.requests.direct.compare(model, worker, oddity)


@then("they see the same")
def same_either_way(context: Ctx) -> None:
    context.world.checker.must(transparent)


@then("every request arrived byte for byte, and every answer as its worker said it")
def must_verbatim(context: Ctx) -> None:
    context.world.checker.must(verbatim, returned=context.world.requests.direct.returned)


@then("every client got the answer to its own request")
def must_own_answer(context: Ctx) -> None:
    context.world.checker.must(own_answer)


@then("the gateway made an undisturbed first token no later than by the {budget:Budget} time")
def must_added_first_token(context: Ctx, budget: str) -> None:
    context.world.checker.must(added_first_token, seconds=context.world.timeouts.named(budget))
