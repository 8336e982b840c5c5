"""Security: open ports, internal authentication, sandboxes and secrets."""

from behave import step, then, when

from hivecheck.world.context import Ctx


@when("a client without the cluster token calls every route of every service")
def call_all_without_token(context: Ctx) -> None:
    """Calls each route that a service lists in its `/info`, except the open pages: without the cluster token and with a wrong one."""
    context.world.observations.security.routes.call_all_without_token()


@then("every such call is refused for lack of valid credentials")
def must_be_refused(context: Ctx) -> None:
    """Each call received status 401, with code invalid_api_key for the client API and invalid_cluster_token for all else."""
    context.world.observations.security.routes.must_be_refused()


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
