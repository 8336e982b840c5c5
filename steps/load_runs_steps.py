"""Load runs: a whole plan of requests from an engine of its own, judged by its figures."""

from behave import then, when

from hivecheck.checks.load.backpressure import backpressure
from hivecheck.checks.load.calm_again import calm_again
from hivecheck.checks.load.compared import compared
from hivecheck.checks.load.concurrent import concurrent
from hivecheck.checks.load.counted_as import counted_as
from hivecheck.checks.load.objectives_met import objectives_met
from hivecheck.checks.load.reported import reported
from hivecheck.checks.load.retried import retried
from hivecheck.checks.load.same_schedule import same_schedule
from hivecheck.checks.load.whole_streams import whole_streams
from hivecheck.load.slo import Term
from hivecheck.world.context import Ctx
from hivecheck.world.load_runs import Kind, Shape


@when("a load of {shape:LoadShape} runs on {model:Model}{kind:LoadKind}{simulate:Simulating}{times:LoadTimes}")
def run(context: Ctx, shape: Shape, model: str, kind: Kind, simulate: str, times: int) -> None:
    """Sends the load from a process of its own and waits for its end. Without further words half of the requests are streams."""
    context.world.load_runs.run(shape, model, kind, simulate, times)


@when(
    "a load of {shape:LoadShape} runs on {model:Model}{kind:LoadKind}{simulate:Simulating}, "
    "beside the same load{other:LoadKind}{more:Simulating}"
)
def run_both(context: Ctx, shape: Shape, model: str, kind: Kind, simulate: str, other: Kind, more: str) -> None:
    """Sends both loads at the same time, each from a process of its own. The second one counts as the last load."""
    context.world.load_runs.run_both(shape, model, (kind, simulate), (other, more))


@then('the load{back:LoadBefore} met "{objectives:Objectives}"')
def must_meet(context: Ctx, back: int, objectives: tuple[Term, ...]) -> None:
    """Each run of the load met each objective, in seconds and shares. A late client makes latencies inconclusive."""
    context.world.checker.must(objectives_met, back=back, objectives=objectives)


@then("every stream of the load was whole and in order")
def must_be_whole(context: Ctx) -> None:
    """No stream was truncated, unterminated, duplicated, reordered, stalled or ended by an error event."""
    context.world.checker.must(whole_streams)


@then("the load reached {count:Number} concurrent requests")
def must_be_concurrent(context: Ctx, count: int) -> None:
    """So many requests were open at a time. Fewer give no verdict."""
    context.world.checker.must(concurrent, at_least=count)


@then("the load reports {metrics:LoadMetrics} with p50, p95 and p99")
def must_report(context: Ctx, metrics: list[str]) -> None:
    """Each run has these figures. The message of the check has their spread over the runs."""
    context.world.checker.must(reported, metrics=metrics)


@then("the gateway retried a request of the load")
def must_be_retried(context: Ctx) -> None:
    """At least one request came to a worker a second time. Without one there is no verdict."""
    context.world.checker.must(retried, at_least=1)


@then("the load counted every request as {outcome:LoadOutcome}")
def must_be_counted(context: Ctx, outcome: str) -> None:
    """Each request of the load has this outcome, and no other one."""
    context.world.checker.must(counted_as, outcome=outcome)


@then("the load{back:LoadBefore} failed only by refusals with status 429 or 503 and Retry-After")
def must_be_backpressure(context: Ctx, back: int) -> None:
    """Every failed request was refused with a time for the next attempt. A load without a failure passes."""
    context.world.checker.must(backpressure, back=back)


@then("the load's {figure:LoadFigure} is {limit:LoadLimit} that of the load before")
def must_compare(context: Ctx, figure: list[str], limit: dict[str, float]) -> None:
    """Compares the last two loads. Each repeated load counts with its median."""
    context.world.checker.must(compared, metric=figure[1], name=figure[0], **limit)


@then("the load is calm within {seconds:Seconds} seconds of each peak")
def must_be_calm(context: Ctx, seconds: float) -> None:
    """The p99 of a second is back near that of the first level of users so soon after their number is."""
    context.world.checker.must(calm_again, seconds=seconds)


@then("every run of the load sent the same requests at the same times")
def must_be_same(context: Ctx) -> None:
    """The schedules of the runs are equal byte for byte, and the workers received the same bodies."""
    context.world.checker.must(same_schedule)
