"""Workers that come and go several at a time while clients are served."""

from behave import then, when


@when("{count:Number} workers of {model:Model} start on {hive:Hive} at the same time")
def start(context, count, model, hive):
    context.world.cluster.churn.start(count, model, hive)


@when("{count:Number} of them are removed from {hive:Hive} at the same time")
def remove(context, count, hive):
    context.world.cluster.churn.remove(count, hive)


@then("processes, hives, registry and routing agree on who is there within the {budget:Budget} time")
def must_agree(context, budget):
    context.world.cluster.churn.must_agree(context.world.timeouts.named(budget))


@then("no request failed, and at least {count:Number} were under way while workers came and went")
def survived(context, count):
    context.world.checker.must("survived churn", at_least=count)
