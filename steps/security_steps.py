"""Security: open ports, internal authentication, sandboxes, secrets."""

from behave import then, when

from hivecheck.world.context import Ctx


@when("somebody without the cluster's token tries to {call:InternalCall}")
def knock(context: Ctx, call: str) -> None:
    context.world.observations.security.knock(call)


@then("the call is refused for want of the token")
def must_be_refused(context: Ctx) -> None:
    context.world.observations.security.must_be_refused()


@then("every listening socket of every node is on the stack's own network")
def must_listen_inside(context: Ctx) -> None:
    context.world.observations.security.must_listen_inside()


@then("no node listens on a port that nobody asked for")
def must_listen_as_asked(context: Ctx) -> None:
    context.world.observations.security.must_listen_as_asked()


@then("every service runs as an ordinary user without privileges or capabilities")
def must_be_unprivileged(context: Ctx) -> None:
    context.world.observations.confinement.must_be_unprivileged()


@then("every service has a root it cannot write to, and limits on memory and processes")
def must_be_limited(context: Ctx) -> None:
    context.world.observations.confinement.must_be_limited()


@when("clients use every kind of credential, right, wrong and misplaced")
def use_every_credential(context: Ctx) -> None:
    context.world.observations.secrecy.use_every_credential()


@then("no key or token is in any log, journal, page, answer or report")
def must_not_show(context: Ctx) -> None:
    context.world.checker.observe()
    context.world.observations.secrecy.must_not_show()
