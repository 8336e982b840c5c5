"""What load says about itself: one schedule from several processes, and an INVALID run."""

from behave import then, when

from hivecheck.checks.load.one_schedule import one_schedule
from hivecheck.checks.load.own_fault import own_fault
from hivecheck.world.context import Ctx


@when("a load of {rate:Number} requests per second for {seconds:Seconds} seconds runs on {model:Model}, from {processes:Number} processes")
def run_in_processes(context: Ctx, rate: int, seconds: float, model: str, processes: int) -> None:
    """Sends an open loop with `hivecheck load --carriers`."""
    context.world.load_commands.load(rate, seconds, model, processes=processes)


@when(
    "a load of {rate:Number} requests per second for {seconds:Seconds} seconds runs on {model:Model}, "
    "and its client is stopped for {stopped:Seconds} seconds"
)
def run_stopped(context: Ctx, rate: int, seconds: float, model: str, stopped: float) -> None:
    """Sends an open loop with `hivecheck load`, which gets a SIGSTOP once the load has begun."""
    context.world.load_commands.load(rate, seconds, model, stopped_seconds=stopped)


@then("the workers received each request of the schedule once")
def must_be_one(context: Ctx) -> None:
    """The requests are those of one process with this seed. All processes began together, and the merged result counts each request."""
    context.world.checker.must(one_schedule, apart_seconds=context.world.timeouts.load_lateness)


@then("the load is INVALID, because its client was late")
def must_be_invalid(context: Ctx) -> None:
    """The exit code and the first line of the report blame the client. Its delay is no part of the server's latency."""
    context.world.checker.must(own_fault)
