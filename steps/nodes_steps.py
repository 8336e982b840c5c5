"""Registry, orchestrator and hives: stopped, started, configured, and what they say of themselves."""

from behave import given, then, when

from hivecheck.world.context import Ctx


@when("the orchestrator is asked to stop")
def stop_orchestrator(context: Ctx) -> None:
    context.world.cluster.nodes.stop("orchestrator")


@when("the orchestrator is killed")
def kill_orchestrator(context: Ctx) -> None:
    context.world.cluster.outages.kill("orchestrator")


@when("the orchestrator is started again")
def start_orchestrator_again(context: Ctx) -> None:
    context.world.cluster.nodes.start_again("orchestrator")


@when("{hive:Hive} is asked to stop")
def stop_hive(context: Ctx, hive: str) -> None:
    context.world.cluster.nodes.stop(hive)


@when("{hive:Hive} is started again")
def start_again(context: Ctx, hive: str) -> None:
    context.world.cluster.nodes.start_again(hive)


@when("the node of {worker:Worker} is started again")
def start_worker_again(context: Ctx, worker: str) -> None:
    context.world.cluster.nodes.start_until_it_answers(worker)


@when("{hive:Hive} and its workers are killed")
def kill_with_workers(context: Ctx, hive: str) -> None:
    context.world.cluster.nodes.kill_with_workers(hive)


@given("a hive {hive:Hive} without workers joins the stack")
def join_hive(context: Ctx, hive: str) -> None:
    context.world.cluster.nodes.join_hive(hive, {})


@when("a hive {hive:Hive} is configured by file with {key:Key} {value:Seconds} and started with {other:Key} {over:Seconds} on top")
def join_hive_with_override(context: Ctx, hive: str, key: str, value: float, other: str, over: float) -> None:
    context.world.cluster.nodes.join_hive(hive, {key: value, other: value}, [f"{other}={over}"])


@then("{hive:Hive} runs with {key:Key} {value:Seconds} and {other:Key} {over:Seconds}")
def must_run_with(context: Ctx, hive: str, key: str, value: float, other: str, over: float) -> None:
    context.world.cluster.nodes.must_run_with(hive, {key: value, other: over})


@when("a hive is configured with {key:Key} set to {value:Value}")
def start_bad_hive(context: Ctx, key: str, value: str) -> None:
    context.world.cluster.nodes.start_bad_hive(key, value)


@then("it refuses to start, naming {key:Key}, {value:Value} and {accepted:Accepted}")
def must_refuse(context: Ctx, key: str, value: str, accepted: str) -> None:
    context.world.cluster.nodes.must_refuse(key, value, accepted)


@then("the orchestrator, the hives and their workers end in good order within the {budget:Budget} time")
def must_all_end_well(context: Ctx, budget: str) -> None:
    nodes = ["orchestrator", *context.world.stack.hives]
    context.world.cluster.nodes.must_end_well(nodes, context.world.timeouts.named(budget))


@then("the orchestrator ends in good order within the {budget:Budget} time")
def must_end_well(context: Ctx, budget: str) -> None:
    context.world.cluster.nodes.must_end_well(["orchestrator"], context.world.timeouts.named(budget))


@then("no process of the orchestrator or a hive is left")
def must_leave_no_process(context: Ctx) -> None:
    context.world.cluster.nodes.must_leave_no_process(["orchestrator", *context.world.stack.hives])


@then("the hives and their workers go on")
def must_go_on(context: Ctx) -> None:
    context.world.cluster.nodes.must_go_on()


@then("{hive:Hive} reports {worker:Worker} as {state:WorkerState}")
def must_be_in_state(context: Ctx, hive: str, worker: str, state: str) -> None:
    context.world.cluster.workers.must_be_in_state(hive, worker, state)


@then("{hive:Hive} reports {worker:Worker} as {state:WorkerState} within the {budget:Budget} time")
def must_come_to_state(context: Ctx, hive: str, worker: str, state: str, budget: str) -> None:
    context.world.cluster.workers.must_be_in_state(hive, worker, state, context.world.timeouts.named(budget))


@then("{hive:Hive} calls itself {health:Health}")
def must_call_itself(context: Ctx, hive: str, health: str) -> None:
    context.world.cluster.nodes.must_call_itself(hive, health)


@then("{hive:Hive} offers no models yet")
def must_offer_nothing(context: Ctx, hive: str) -> None:
    context.world.cluster.nodes.must_offer(hive, [])


@then("{hive:Hive} offers exactly {models:Models} within the {budget:Budget} time")
def must_offer(context: Ctx, hive: str, models: list[str], budget: str) -> None:
    context.world.cluster.nodes.must_offer(hive, models, context.world.timeouts.named(budget))


@then("{hive:Hive} tells its name, address, uptime and restart count")
def must_introduce_itself(context: Ctx, hive: str) -> None:
    context.world.cluster.nodes.must_introduce_itself(hive)


@then("{hive:Hive} tells of each of its workers the process, the state and the models")
def must_introduce_workers(context: Ctx, hive: str) -> None:
    context.world.cluster.nodes.must_introduce_workers(hive)


@then("the registry lists exactly the declared workers")
def must_list_declared(context: Ctx) -> None:
    context.world.cluster.nodes.must_list_declared(context.world.timeouts.settling)
