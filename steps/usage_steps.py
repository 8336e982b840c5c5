"""Token usage and the usage ledger."""

from behave import given, then, when

from hivecheck.checks.usage.booked_once import booked_once
from hivecheck.checks.usage.usage_chunk import usage_chunk
from hivecheck.checks.usage.usage_totals import own_usage, usage_totals
from hivecheck.world.context import Ctx


@when("a client streams {tokens:Number} tokens from {model:Model}, asking for the usage")
def stream_asking(context: Ctx, tokens: int, model: str) -> None:
    context.world.observations.usage.stream(model, tokens, with_usage=True)


@when("a client streams {tokens:Number} tokens from {model:Model}, whose worker tells no usage")
def stream_untold(context: Ctx, tokens: int, model: str) -> None:
    context.world.observations.usage.stream(model, tokens, with_usage=False, pace="no_usage")


@when("a client asks {model:Model}, whose worker tells no usage")
def ask_untold(context: Ctx, model: str) -> None:
    context.world.observations.usage.ask(model, "no_usage")


@when("a client asks {model:Model}, whose {worker:Worker} resets every connection")
def ask_past(context: Ctx, model: str, worker: str) -> None:
    context.world.observations.usage.ask_past(model, worker)


@when("a client asks {model:Model}, whose workers all fail")
def ask_in_vain(context: Ctx, model: str) -> None:
    context.world.observations.usage.ask(model, "status:503")


@when("a client leaves in the middle of a stream from {model:Model}")
def abort(context: Ctx, model: str) -> None:
    context.world.observations.usage.abort(model)


@when("a client leaves in the middle of a stream from {model:Model}, having asked for the usage")
def abort_asking(context: Ctx, model: str) -> None:
    context.world.observations.usage.abort(model, with_usage=True)


@given("a client has been streaming from {model:Model} for {seconds:Seconds} seconds")
def stream_on(context: Ctx, model: str, seconds: float) -> None:
    context.world.observations.usage.stream_on(model, seconds)


@when("the time is marked")
def mark_time(context: Ctx) -> None:
    context.world.observations.usage.mark_time()


@then("every request is booked exactly once, as its worker counted it")
def booked_as_told(context: Ctx) -> None:
    context.world.requests.chats.wait_for_all()
    context.world.observations.usage.read(context.world.timeouts.settling)
    context.world.checker.must(booked_once, lag_seconds=context.world.timeouts.ledger_lag)


@then("every request is booked exactly once, as it was counted on its way")
def booked_as_relayed(context: Ctx) -> None:
    context.world.requests.chats.wait_for_all()
    context.world.observations.usage.read(context.world.timeouts.settling)
    context.world.checker.must(booked_once, lag_seconds=context.world.timeouts.ledger_lag, estimated=True)


@then("streams end with their usage where it was asked for, and without it elsewhere")
def must_usage_chunk(context: Ctx) -> None:
    context.world.checker.must(usage_chunk)


@then("the usage by worker, by model and by key, before and after that time, is what ledger and journals say")
def must_usage_totals(context: Ctx) -> None:
    context.world.observations.usage.read(context.world.timeouts.settling)
    context.world.observations.usage.read_totals()
    context.world.checker.must(usage_totals)


@then("each tenant is shown its own usage, and nothing of another's")
def must_own_usage(context: Ctx) -> None:
    context.world.observations.usage.read_own()
    context.world.checker.must(own_usage)
