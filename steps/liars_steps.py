"""Workers that can be made to lie."""

from behave import given


@given("a worker {worker:Worker} of {model:Model} serves on {hive:Hive}, and can be made to lie")
def serve(context, worker, model, hive):
    context.world.cluster.liars.serve(worker, model, hive)
