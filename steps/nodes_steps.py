"""Nodes: killed, terminated, paused, started again, configured, and what they report about themselves."""

from behave import step, then, when

from hivecheck.world.context import Ctx


@when("{node:Node} is killed{scope:KillScope}")
def kill(context: Ctx, node: str, scope: str) -> None:
    """Sends SIGKILL to the process of a node or worker. The workers of a killed hive die, too."""
    context.world.cluster.processes.kill(context.world.cluster.workers.called(node), scope)


@when("{node:Node} is terminated")
def terminate(context: Ctx, node: str) -> None:
    """Sends SIGTERM to a node. The step returns at once, while the node drains."""
    context.world.cluster.processes.terminate(context.world.cluster.workers.called(node))


@when("{node:Node} is paused")
def pause(context: Ctx, node: str) -> None:
    """Sends SIGSTOP to the process of a node or worker."""
    context.world.cluster.processes.pause(context.world.cluster.workers.called(node))


@when("{node:Node} is resumed")
def resume(context: Ctx, node: str) -> None:
    """Sends SIGCONT to a paused process."""
    context.world.cluster.processes.resume(context.world.cluster.workers.called(node))


@when("{node:Node} is started again{option:StartOption}")
def start_again(context: Ctx, node: str, option: str) -> None:
    """Starts a node that exited. For the registry or a worker, the step waits for its first answer."""
    context.world.cluster.processes.start_again(context.world.cluster.workers.called(node), option)


@when("a hive is configured with {key:Key} set to {value:Value}")
def start_bad_hive(context: Ctx, key: str, value: str) -> None:
    """Starts a hive with one bad value in its file."""
    context.world.cluster.nodes.start_bad_hive(key, value)


@then("it refuses to start and names {key:Key}, {value:Value} and {accepted:Accepted}")
def must_refuse(context: Ctx, key: str, value: str, accepted: str) -> None:
    """The hive exits with code 2, and its log names the key, the value and the accepted form."""
    context.world.cluster.nodes.must_refuse(key, value, accepted)


@then("{hive:Hive} runs with {key:Key} {value:Seconds} and {other:Key} {over:Seconds}")
def must_run_with(context: Ctx, hive: str, key: str, value: float, other: str, over: float) -> None:
    """The `/info` of a hive shows these settings."""
    context.world.cluster.nodes.must_run_with(hive, {key: value, other: over})


@step("the shutdown of {group:NodeGroup} is clean{within:Within}")
def must_exit(context: Ctx, group: str, within: str) -> None:
    """Every service of the group exits with code 0."""
    context.world.cluster.must_exit(group, context.world.timeouts.within(within))


@then("no process of {group:NodeGroup} is left{within:Within}")
def must_leave_no_process(context: Ctx, group: str, within: str) -> None:
    """The kernel shows no process of these nodes, or of a worker that its hive was asked to stop."""
    context.world.cluster.must_leave_no_process(group, context.world.timeouts.within(within))


@step("{node:Node} reports itself as {health:Health}{hives:HiveHealth}{within:Within}")
def must_report_health(context: Ctx, node: str, health: str, hives: dict[str, str], within: str) -> None:
    """The health report of a hive or the gateway. The gateway's report also shows the health of a hive."""
    context.world.cluster.nodes.must_report_health(
        context.world.cluster.workers.called(node), health, hives, context.world.timeouts.within(within)
    )


@then("{node:Node} reports {inventory:Inventory}")
def must_report(context: Ctx, node: str, inventory: str) -> None:
    """A hive or the gateway reports these facts completely and correctly."""
    context.world.cluster.must_report(context.world.cluster.workers.called(node), inventory)


@step("the gateway is {readiness:Readiness}{within:Within}")
def must_be_ready(context: Ctx, readiness: str, within: str) -> None:
    """The gateway's `/ready` answers with 200, or with another status."""
    context.world.cluster.nodes.must_be_ready(readiness, context.world.timeouts.within(within))


@step("{hive:Hive} offers {models:ModelList}{within:Within}")
def must_offer(context: Ctx, hive: str, models: list[str], within: str) -> None:
    """The model list of a hive has exactly these models. Without a model, it answers 503 with Retry-After."""
    context.world.cluster.nodes.must_offer(hive, models, context.world.timeouts.within(within))
