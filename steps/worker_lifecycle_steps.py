"""The life of a worker process: start, crash, restart, backoff, forced termination."""

from behave import given, step, then, when

from hivecheck.world.context import Ctx


@step("a hive {hive:Hive} joins the stack{setup:HiveSetup}")
def join_hive(context: Ctx, hive: str, setup: str) -> None:
    """Starts another hive. The end of the sentence chooses the behaviour of its workers, or its settings."""
    context.world.cluster.worker_lifecycle.join_hive(hive, setup)


@given("a worker {worker:WorkerId}{models:OfModels} serves on {hive:Hive}{option:ServeOption}")
def serve(context: Ctx, worker: str, models: list[str], hive: str, option: str) -> None:
    """A hive starts a worker. The step returns when the worker is alive and registered."""
    context.world.cluster.worker_lifecycle.serve(worker, models, hive, option)


@when("{hive:Hive} is asked to {verb:HiveVerb} {subject:Subject}")
def ask_hive(context: Ctx, hive: str, verb: str, subject: str) -> None:
    """Sends a control request to a hive: reset a worker, stop a worker without a drain, or download a model."""
    context.world.cluster.ask(hive, verb, subject)


@when("{worker:Worker} of {hive:Hive} is alive again for longer than the stable time")
def await_stable(context: Ctx, worker: str, hive: str) -> None:
    """Returns when the restarted worker has been alive for longer than the stable time of the restart policy."""
    context.world.cluster.worker_lifecycle.await_stable(context.world.cluster.workers.called(worker), hive)


@step("{hive:Hive} reports {worker:Worker} as {state:WorkerState}{within:Within}")
def must_be_in_state(context: Ctx, hive: str, worker: str, state: str, within: str) -> None:
    """The health report of a hive shows the state of a worker."""
    context.world.cluster.workers.must_be_in_state(
        hive, context.world.cluster.workers.called(worker), state, context.world.timeouts.within(within)
    )


@then("{hive:Hive} reports the last exit of {worker:Worker}: {reason:Accepted}")
def must_report_exit(context: Ctx, hive: str, worker: str, reason: str) -> None:
    """The hive's reason of the worker's last exit contains these words."""
    context.world.cluster.worker_lifecycle.must_report_exit(context.world.cluster.workers.called(worker), hive, reason)


@step("{hive:Hive} restarted {worker:Worker} at least {count:Times}{within:Within}")
def must_have_restarted(context: Ctx, hive: str, worker: str, count: int, within: str) -> None:
    """The hive counts so many restarts of a worker, or more."""
    context.world.cluster.worker_lifecycle.must_have_restarted(
        context.world.cluster.workers.called(worker), hive, count, context.world.timeouts.within(within)
    )


@then("{hive:Hive} never restarted {worker:Worker}")
def must_not_have_restarted(context: Ctx, hive: str, worker: str) -> None:
    """The worker is alive, and the hive counts no restart of it."""
    context.world.cluster.worker_lifecycle.must_not_have_restarted(context.world.cluster.workers.called(worker), hive)


@then("{hive:Hive} waited {policy:WaitPolicy} before each of {count:Number} restarts of {worker:Worker}")
def must_have_waited(context: Ctx, hive: str, policy: str, count: int, worker: str) -> None:
    """The hive's log shows the waits between exits and restarts of a worker."""
    context.world.cluster.worker_lifecycle.must_have_waited(hive, policy, count, context.world.cluster.workers.called(worker))


@step("{hive:Hive} retried the registration of {worker:Worker} with growing waits")
def must_have_retried_registration(context: Ctx, hive: str, worker: str) -> None:
    """The hive's log shows failed registrations of a worker, each after a longer wait."""
    context.world.cluster.worker_lifecycle.must_have_retried_registration(hive, context.world.cluster.workers.called(worker))


@then("{hive:Hive} runs one process of {workers:WorkerSet}{is_new:IsNew}")
def must_run_one_process(context: Ctx, hive: str, workers: str, is_new: bool) -> None:
    """No process of the worker is missing or left over. A new one did not serve before."""
    context.world.cluster.worker_lifecycle.must_run_one_process(hive, context.world.cluster.workers.called(workers), is_new=is_new)


@then("{hive:Hive} kills {worker:Worker} after the grace time{within:Within}")
def must_be_killed(context: Ctx, hive: str, worker: str, within: str) -> None:
    """The hive ends a worker that ignores SIGTERM with SIGKILL, and not before the grace time is over."""
    context.world.cluster.worker_lifecycle.must_be_killed(
        context.world.cluster.workers.called(worker), hive, context.world.timeouts.within(within)
    )


@then("{workers:WorkerGroup} run on without a restart")
def must_run_on(context: Ctx, workers: str) -> None:
    """The noted workers of a hive, or two workers that are nodes of their own, are the processes that they were."""
    context.world.cluster.must_run_on(workers)
