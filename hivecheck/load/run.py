"""Runs an engine on a loop of its own thread, so that a display or a signal in the main thread does not touch it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import resource
import sys
import threading
import time
from collections.abc import Callable

import uvloop

from hivecheck.errors import UsageError
from hivecheck.load import validity
from hivecheck.load.engine import Engine
from hivecheck.load.measured import Measured, Snapshot
from hivecheck.load.plan import Plan
from hivecheck.protocol.origin import Tls
from hivecheck.protocol.sample import Outcome, Sample

START_SECONDS = 0.1  # from the call until the first request: the loop is idle by then
SHOW_SECONDS = 0.5
# A thread waits this long for another one that computes, and the default of 5 ms would make requests late.
SWITCH_SECONDS = 0.0005
# No other request of the plan will fare better.
HOPELESS = {400: "the request", 401: "the key", 403: "the key", 404: "the model or the path", 405: "the path", 422: "the request"}


def run(plan: Plan, key: str = "", tls: Tls = Tls(), show: Callable[[Snapshot], None] = lambda _: None) -> Measured:  # noqa: B008 - frozen
    """Warm up, run the whole plan in this process and show the progress. Ctrl-C ends the schedule, a second one the run.

    Raises UsageError when the first request shows that no other can succeed.
    """
    raise_descriptor_limit()
    engines: list[Engine] = []
    result: concurrent.futures.Future[Measured] = concurrent.futures.Future()
    thread = threading.Thread(target=_serve, args=(plan, key, tls, engines, result), name="hivecheck-load", daemon=True)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        thread.start()
        return _await(result, engines, show)
    finally:
        sys.setswitchinterval(before)


def must_be_hopeful(plan: Plan, samples: list[Sample]) -> None:
    """Raise UsageError when a warm-up request shows that no request can succeed."""
    for sample in samples:
        if sample.outcome is Outcome.CONNECTION:
            raise UsageError(f"expected: a server at {plan.url}\nactual: {sample.cause}\nnext: check the address, and that the server runs")
        if sample.status in HOPELESS:
            what = HOPELESS[sample.status]
            hint = {401: "give the name of the variable with the key: --key-env NAME", 403: "use a key with access to the model"}
            next_step = hint.get(sample.status, f"check --url (it ends in /v1 for most servers), --model {plan.model} and the options")
            raise UsageError(
                f"expected: a first request that {plan.url} accepts\nactual: it refuses {what}: {sample.cause}\nnext: {next_step}"
            )


def _serve(plan: Plan, key: str, tls: Tls, engines: list[Engine], result: concurrent.futures.Future[Measured]) -> None:
    async def work() -> Measured:
        engine = Engine(plan, key, tls=tls)
        try:
            must_be_hopeful(plan, await engine.warm_up())
        except BaseException:
            await engine.close()
            raise
        engines.append(engine)
        return await engine.run(time.monotonic() + START_SECONDS)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result.set_result(runner.run(work()))
    except BaseException as error:
        result.set_exception(error)


def _await(result: concurrent.futures.Future[Measured], engines: list[Engine], show: Callable[[Snapshot], None]) -> Measured:
    while True:
        try:
            try:
                return result.result(SHOW_SECONDS)
            except concurrent.futures.TimeoutError:
                if engines and not result.done():
                    show(engines[0].snapshot())
        except KeyboardInterrupt:
            if not engines or engines[0].is_stopped:
                raise
            engines[0].stop(validity.INTERRUPTED)


def raise_descriptor_limit() -> None:
    """One socket for each open request: the soft limit of most systems is 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
