"""Clients that keep asking while other things happen."""

from behave import given, when


@given("clients keep asking {model:Model}")
def begin(context, model):
    context.world.traffic.begin(model)


@when("the clients go on asking for a while")
def go_on(context):
    context.world.traffic.go_on()


@when("the clients have asked enough")
def end(context):
    context.world.traffic.end()
