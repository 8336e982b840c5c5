"""What load says about itself: one schedule from several processes, an INVALID run, the highest rate, two loads compared."""

from behave import then, when

from hivecheck.checks.load.changed import slower_by, unchanged
from hivecheck.checks.load.highest_rate import highest_rate
from hivecheck.checks.load.one_schedule import one_schedule
from hivecheck.checks.load.own_fault import own_fault
from hivecheck.load.slo import Term
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


@when(
    'a search of {seconds:Seconds} seconds for the highest rate with "{objectives:Objectives}" runs on {model:Model}, '
    "from {low:Number} to {high:Number} requests per second{simulate:Simulating}"
)
def search(context: Ctx, seconds: float, objectives: tuple[Term, ...], model: str, low: int, high: int, simulate: str) -> None:
    """Carries out `hivecheck load --search goodput`, which ends earlier once the rate is known."""
    context.world.load_commands.search(",".join(term.text for term in objectives), model, (low, high), seconds, simulate)


@when("the load is compared with the load before, with a tolerance of {percent:Number} percent")
def compare(context: Ctx, percent: int) -> None:
    """Carries out `hivecheck compare` on the results of the last two load runs."""
    context.world.load_commands.compare(percent / 100)


@then("the workers received each request of the schedule once")
def must_be_one(context: Ctx) -> None:
    """The requests are those of one process with this seed. All processes began together, and the merged result counts each request."""
    context.world.checker.must(one_schedule, apart_seconds=context.world.timeouts.load_lateness)


@then("the load is INVALID, because its client was late")
def must_be_invalid(context: Ctx) -> None:
    """The exit code and the first line of the report blame the client. Its delay is no part of the server's latency."""
    context.world.checker.must(own_fault)


@then("the search found a highest rate of {least:Number} to {most:Number} requests per second")
def must_find(context: Ctx, least: int, most: int) -> None:
    """The interval lies within these rates. One that is too wide to tell, for lack of time, gives no verdict."""
    context.world.checker.must(highest_rate, least=float(least), most=float(most))


@then("the comparison found a load that is slower by {least:Number} to {most:Number} ms")
def must_be_slower(context: Ctx, least: int, most: int) -> None:
    """The p50 of e2e is a regression of this size."""
    context.world.checker.must(slower_by, least=least / 1000, most=most / 1000)


@then("the comparison found no change")
def must_be_unchanged(context: Ctx) -> None:
    """No figure is worse or better. A change of the client's own lateness is no such figure."""
    context.world.checker.must(unchanged)
