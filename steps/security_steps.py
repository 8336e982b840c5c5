"""Security: open ports, internal authentication, sandboxes, secrets."""

from behave import then, when


@when("somebody without the cluster's token tries to {call:InternalCall}")
def knock(context, call):
    context.world.observations.security.knock(call)


@then("the call is refused for want of the token")
def must_be_refused(context):
    context.world.observations.security.must_be_refused()


@then("every listening socket of every node is on the stack's own network")
def must_listen_inside(context):
    context.world.observations.security.must_listen_inside()


@then("no node listens on a port that nobody asked for")
def must_listen_as_asked(context):
    context.world.observations.security.must_listen_as_asked()


@then("every service runs as an ordinary user without privileges or capabilities")
def must_be_unprivileged(context):
    context.world.observations.confinement.must_be_unprivileged()


@then("every service has a root it cannot write to, and limits on memory and processes")
def must_be_limited(context):
    context.world.observations.confinement.must_be_limited()


@when("clients use every kind of credential, right, wrong and misplaced")
def use_every_credential(context):
    context.world.observations.secrecy.use_every_credential()


@then("no key or token is in any log, journal, page, answer or report")
def must_not_show(context):
    context.world.checker.observe()
    context.world.observations.secrecy.must_not_show()
