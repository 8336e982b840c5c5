"""Memory, CPU time and connections that run short."""

from behave import step, then

from hivecheck.world.context import Ctx


@step("a worker {worker:WorkerId} of {model:Model} with {mib:Number} MiB of weights starts on {hive:Hive}")
def start_large(context: Ctx, worker: str, model: str, mib: int, hive: str) -> None:
    """Has a hive start a worker that allocates so much memory while it loads."""
    context.world.observations.resources.start_large(worker, model, hive, mib)


@step("{worker:Worker} fills {percent:Number} percent of its memory")
def fill(context: Ctx, worker: str, percent: int) -> None:
    """Has a worker allocate memory up to that share of its own limit."""
    context.world.observations.resources.fill(context.world.cluster.workers.called(worker), percent)


@then("the memory of {hive:Hive} grew by at most {mib:Number} MiB within the {budget:Budget} time")
def must_be_free(context: Ctx, hive: str, mib: int, budget: str) -> None:
    """The hive's memory usage, with its workers, returns to the level that was noted earlier in the scenario."""
    context.world.observations.resources.must_be_free(hive, mib, context.world.timeouts.named(budget))


@step("the kernel OOM-kills a process of {hive:Hive} within the {budget:Budget} time")
def must_have_been_killed(context: Ctx, hive: str, budget: str) -> None:
    """The kernel's count of OOM kills is higher than it was when the hive's memory was noted."""
    context.world.observations.resources.must_have_been_killed(hive, context.world.timeouts.named(budget))


@then("the kernel does not throttle {target:FaultTarget} while chats for {model:Model} are answered")
def must_run_freely(context: Ctx, target: str, model: str) -> None:
    """Sends a few chats, which must be answered, and compares the kernel's count of throttled periods."""
    context.world.observations.resources.must_run_freely(context.world.cluster.workers.called(target), model)


@then("{hive:Hive} rejects new connections with status 503 and closes them within the {budget:Budget} time")
def must_reject_connections(context: Ctx, hive: str, budget: str) -> None:
    """Opens a few connections, one after the other. Each must receive 503 and be closed in time."""
    context.world.observations.resources.must_reject_connections(hive, context.world.timeouts.named(budget))


@then("each refusal states the needed and the free memory")
def must_state_figures(context: Ctx) -> None:
    """The error message of each refused request of the last batch gives both figures in MiB."""
    context.world.observations.resources.must_state_figures()


@step("clients send {least:Number} to {most:Number} cycles of {count:Number} requests for {model:Model}{ending:Ending}")
def run_cycles(context: Ctx, least: int, most: int, count: int, model: str, ending: str) -> None:
    """Repeats load, drain and idle, and reads what every process holds. Ends after the least number once no resource grows."""
    context.world.observations.cycles.run(least, most, count, model, ending)


@then("no process leaks memory, descriptors, sockets, threads, tasks or requests")
def must_leave_nothing(context: Ctx) -> None:
    """Judges the slope over the lowest readings of the idle cycles, of each resource of each process of the stack."""
    context.world.observations.cycles.must_leave_nothing()
