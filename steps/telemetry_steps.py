"""Metrics, logs, memory and connections: what the stack tells of itself, and what the operating system shows of it."""

from behave import given, then, when


@given("the metrics of every service are noted")
@when("the metrics of every service are noted again")
def note(context):
    context.world.observations.metrics.note()


@given("the gateway's memory and connections are noted")
@when("the gateway's memory and connections are noted again")
def note_footprint(context):
    context.world.observations.metrics.note_footprint()


@given("{count:Number} large chats for {model:Model} have warmed the gateway up")
def warm_up(context, count, model):
    context.world.requests.direct.warm_up(model, count)


@then("every client that asked is told where its time went, and the log and the metrics say the same")
def time_breakdown(context):
    context.world.checker.must("time breakdown", orchestrator="orchestrator")


@then("each request can be followed by its id through what was asked, where it went and what was inferred")
def joined(context):
    context.world.checker.must("joined", orchestrator="orchestrator")


@then("every log line is structured, and each request has one line of its end under its id")
def structured_logs(context):
    context.world.checker.must("structured logs", orchestrator="orchestrator")


@then("no metric has a label that a client made up")
def bounded_labels(context):
    context.world.checker.must("bounded labels", models=context.world.cluster.known_models())


@then("the gateway's metrics show {worker:Worker} within the {budget:Budget} time")
def must_show(context, worker, budget):
    context.world.observations.metrics.must_show(worker, is_shown=True, within=context.world.timeouts.named(budget))


@then("the gateway's metrics no longer show {worker:Worker} within the {budget:Budget} time")
def must_no_longer_show(context, worker, budget):
    context.world.observations.metrics.must_show(worker, is_shown=False, within=context.world.timeouts.named(budget))


@then("the gateway's memory grew by less than {percent:Number} percent of what passed through it")
def footprint(context, percent):
    passed = context.world.requests.direct.large_bytes
    context.world.checker.must("footprint", node="orchestrator", passed_bytes=passed, share=percent / 100)


@then("the gateway has no more connections than before within the {budget:Budget} time")
def must_close(context, budget):
    context.world.observations.metrics.must_close(context.world.timeouts.named(budget))
