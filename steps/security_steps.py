"""Security: open ports, internal authentication, sandboxes and secrets."""

from behave import step, then

from hivecheck.world.context import Ctx


@step("a client without the cluster token tries to {call:InternalCall}")
def call_without_token(context: Ctx, call: str) -> None:
    """Makes an internal call twice: without the cluster token and with a wrong one."""
    context.world.observations.security.ports.call_without_token(call)


@then("the service refuses the call for lack of a valid cluster token")
def must_be_refused(context: Ctx) -> None:
    """Each such call received status 401 and code invalid_cluster_token."""
    context.world.observations.security.ports.must_be_refused()


@then("every listening socket {rule:SocketRule}")
def must_listen(context: Ctx, rule: str) -> None:
    """Lists the listening sockets of every process of every node and judges each of them."""
    context.world.observations.security.ports.must_listen(rule)


@then("every service runs {rule:SandboxRule}")
def must_run(context: Ctx, rule: str) -> None:
    """Asks the kernel in each node about privileges, file system and limits."""
    context.world.observations.security.sandbox.must_run(rule)


@step("clients send valid, wrong and misplaced credentials of every kind")
def send_every_credential(context: Ctx) -> None:
    """Sends one request with each credential and one for each place where a key does not belong."""
    context.world.observations.security.secrets.send_every_credential()


@then("no {leak:Leak}")
def must_not_leak(context: Ctx, leak: str) -> None:
    """Searches metrics for names that clients made up, or logs, journals, pages, responses and history for the stack's secrets."""
    context.world.observations.must_not_leak(leak)
