"""One shard: `python -m hivecheck.load.shard`. Orders come on standard input, reports go to standard output.

It plans nothing and merges nothing. The end of its input and a silent coordinator end it, because nothing would read its result.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO

import uvloop

from hivecheck.errors import UsageError
from hivecheck.load import messages, run
from hivecheck.load.engine import Engine
from hivecheck.load.messages import Armed, Clock, Part, ReadClock, Ready, Refused, Report, Result, Running, Start, Stop
from hivecheck.protocol.origin import Tls

REPORT_SECONDS = 0.5
# Of the coordinator, which sends an order a second. A container of an engine that died keeps an open input.
SILENCE_SECONDS = 30.0
DONE, REFUSED, ORPHANED = 0, 2, 3


class Shard:
    """Runs its part in a thread of its own, so that reports and orders do not touch the engine's loop."""

    def __init__(self, part: Part, orders: BinaryIO, key: str, tls: Tls) -> None:
        self._part = part
        self._orders = orders
        self._key = key
        self._tls = tls
        self._engine: Engine | None = None
        self._start: concurrent.futures.Future[float] = concurrent.futures.Future()
        self._stop_reason = ""
        self._heard_at = time.monotonic()
        self._writing = threading.Lock()

    def serve(self) -> int:
        """Run the part, and report. Returns the exit code."""
        result: concurrent.futures.Future[bytes] = concurrent.futures.Future()
        threading.Thread(target=self._work, args=(result,), daemon=True).start()
        threading.Thread(target=self._obey, daemon=True).start()
        while True:
            try:
                last = result.result(REPORT_SECONDS)
            except concurrent.futures.TimeoutError:
                self._report(self._running())
            except UsageError as error:
                self._report(Refused(str(error)))
                return REFUSED
            else:
                self._write(last)
                return DONE

    def _work(self, result: concurrent.futures.Future[bytes]) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                # Encoded here: the other thread goes on to show that the shard is alive.
                result.set_result(messages.line(runner.run(self._measure())))
        except BaseException as error:
            result.set_exception(error)

    async def _measure(self) -> Result:
        engine = Engine(self._part.plan, self._key, self._part.shard, self._part.shards, self._tls)
        try:
            run.must_be_hopeful(self._part.plan, await engine.warm_up())
            self._report(Ready(messages.boot_id()))
            self._heard_at = time.monotonic()
            threading.Thread(target=self._end_in_silence, daemon=True).start()
            start_at = await asyncio.wrap_future(self._start)
        except BaseException:
            await engine.close()
            raise
        self._report(Armed(time.monotonic()))
        self._engine = engine
        if self._stop_reason:
            engine.stop(self._stop_reason)
        return Result((await engine.run(start_at)).to_json())

    def _running(self) -> Running:
        progress = self._engine.progress() if self._engine else None
        if self._engine is None or progress is None or math.isnan(progress.seconds):
            return Running()
        return Running(progress, self._engine.stopped_by)

    def _obey(self) -> None:
        for line in self._orders:
            order = messages.ORDERS.decode(line)
            self._heard_at = time.monotonic()
            if isinstance(order, ReadClock):
                self._report(Clock(time.monotonic(), time.time()))
            elif isinstance(order, Start):
                self._start.set_result(order.at)
            elif isinstance(order, Stop):
                self._stop_reason = order.reason
                if self._engine:
                    with contextlib.suppress(RuntimeError):  # its loop has ended, and the result is on its way
                        self._engine.stop(order.reason)
        os._exit(ORPHANED)

    def _end_in_silence(self) -> None:
        # In a thread of its own: the others may wait for a reader of the output.
        pause = threading.Event()
        while (left := self._heard_at + SILENCE_SECONDS - time.monotonic()) > 0:
            pause.wait(left)
        os._exit(ORPHANED)

    def _report(self, report: Report) -> None:
        self._write(messages.line(report))

    def _write(self, line: bytes) -> None:
        with self._writing:
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()


def main() -> int:
    """Read the part, serve it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's ctrl-C is for the coordinator
    run.raise_descriptor_limit()
    sys.setswitchinterval(run.SWITCH_SECONDS)
    orders = sys.stdin.buffer
    if not (first := orders.readline()):
        return ORPHANED
    part = messages.ORDERS.decode(first)
    assert isinstance(part, Part)
    variable = part.plan.key_variable
    with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="utf-8") as ca:
        ca.write(part.ca)
        ca.flush()
        tls = Tls(Path(ca.name) if part.ca else None, part.is_insecure)
        return Shard(part, orders, os.environ.get(variable, "") if variable else "", tls).serve()


if __name__ == "__main__":
    code = main()
    # A thread still reads the orders. The lock that it holds makes the interpreter's own end fail.
    os._exit(code)
