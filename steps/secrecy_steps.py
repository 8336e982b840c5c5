"""Keys and tokens: used in every way, and found nowhere."""

from behave import then, when


@when("clients use every kind of credential, right, wrong and misplaced")
def use_every_credential(context):
    context.world.observations.secrecy.use_every_credential()


@then("no key or token is in any log, journal, page, answer or report")
def must_not_show(context):
    context.world.checker.observe()
    context.world.observations.secrecy.must_not_show()
