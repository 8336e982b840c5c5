"""Sessions: conversations of several turns, and at which worker they are."""

from behave import given, then, when

from hivecheck.checks.answers.throughput import throughput
from hivecheck.checks.routing.not_routed_to import spared
from hivecheck.checks.routing.routing_latency import routing_latency
from hivecheck.checks.routing.smaller_queue import smaller_queue
from hivecheck.checks.sessions.owners_apart import owners_apart
from hivecheck.checks.sessions.rebalancing import moved_to_joiner, only_leavers_moved
from hivecheck.checks.sessions.sticky import sticky
from hivecheck.checks.sessions.warm_turns import warm_turns
from hivecheck.world.context import Ctx


@given("{count:Number} sessions with {model:Model} are under way")
def begin(context: Ctx, count: int, model: str) -> None:
    context.world.requests.sessions.begin(model, count)


@when("{count:Number} sessions each take {turns:Number} turns with {model:Model}")
def take_turns(context: Ctx, count: int, turns: int, model: str) -> None:
    context.world.requests.sessions.begin(model, count, turns)


@when("{count:Number} sessions each call every path of the API for {model:Model}")
def visit_every_path(context: Ctx, count: int, model: str) -> None:
    context.world.requests.sessions.visit_every_path(model, count)


@when("a session that begins with {words:Number} words takes {turns:Number} turns with {model:Model}")
def take_long_turns(context: Ctx, words: int, turns: int, model: str) -> None:
    context.world.requests.sessions.begin_long(model, words, turns)


@when("two tenants hold {count:Number} sessions of the same names with {model:Model}")
def hold_same_names(context: Ctx, count: int, model: str) -> None:
    context.world.requests.sessions.begin(model, count, who=("a key of acme", "a key of globex"))


@when("every session takes another turn")
def take_another_turn(context: Ctx) -> None:
    context.world.requests.sessions.take_turn()


@when("a session takes a turn that fails at every worker")
def fail_a_turn(context: Ctx) -> None:
    context.world.requests.sessions.fail_a_turn()


@then("each session stayed at one worker, and they are spread over {spread:Number} workers or more")
def stayed(context: Ctx, spread: int) -> None:
    context.world.checker.must(sticky, spread=spread)


@then("each session stayed at its worker in spite of {count:Number} failed turn")
def stayed_in_spite(context: Ctx, count: int) -> None:
    context.world.checker.must(sticky, spread=2, failed_turns=count)


@then("only the sessions of the killed worker moved, and none of their turns failed")
def must_only_leavers_moved(context: Ctx) -> None:
    context.world.checker.must(only_leavers_moved, what="killed")


@then("every later turn found its prompt in the worker's cache, and its first token in less than half the time")
def must_warm_turns(context: Ctx) -> None:
    context.world.checker.must(warm_turns, at_most=0.5)


@then("the tenants' sessions are kept apart")
def must_owners_apart(context: Ctx) -> None:
    context.world.checker.must(owners_apart)


@then("while the stream ran, {count:Number} chats or more were sent, and all of them went to workers with a smaller queue")
def must_smaller_queue(context: Ctx, count: int) -> None:
    context.world.checker.must(smaller_queue, at_least=count)


@given("{count:Number} requests of somebody else keep {worker:Worker} busy, and {waiting:Number} or more are reported to wait")
def occupy(context: Ctx, count: int, worker: str, waiting: int) -> None:
    context.world.requests.occupiers.occupy(worker, count)
    context.world.requests.occupiers.await_report(worker, waiting, context.world.timeouts.convergence)


@when("somebody else gives up")
def give_up(context: Ctx) -> None:
    context.world.requests.occupiers.leave()


@then("{worker:Worker} was spared")
def must_spared(context: Ctx, worker: str) -> None:
    context.world.checker.must(spared, worker=worker)


@then("sessions moved to {worker:Worker} or not at all, and some that were not remembered did")
def must_moved_to_joiner(context: Ctx, worker: str) -> None:
    context.world.checker.must(moved_to_joiner, joiner=worker)


@then("requests were at their worker within the {budget:Budget} time")
def prompt_choice(context: Ctx, budget: str) -> None:
    context.world.checker.must(routing_latency, seconds=context.world.timeouts.named(budget))


@then("more than {count:Number} requests were answered each second")
def must_throughput(context: Ctx, count: int) -> None:
    context.world.checker.must(throughput, per_second=count)
