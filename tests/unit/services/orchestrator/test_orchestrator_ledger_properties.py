"""Any mix of ends, retries, kills and locks: the ledger contains each request once, with the tokens of the workers' journals."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from orchestrator_stage import CHAT, DONE, STREAM, Stage, reset, stage, until

from services.orchestrator.usage.ledger import FILE_NAME, Ledger, Row
from services.orchestrator.usage.ledger_entry import LedgerEntry
from services.orchestrator.usage.ledger_queries import Scope, requests, totals
from services.orchestrator.usage.usage_request import UpstreamBody

EVER = Scope(0.0, 2.0**33)
BODY = json.dumps(CHAT).encode()
TOKEN = b'data: {"choices": [{"delta": {"content": "t "}}]}\n\n'


def usage_of(tokens: int) -> bytes:
    return b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": %d}}\n\n' % tokens


class LedgerMachine(RuleBasedStateMachine):
    """`journal` has the tokens that workers sent for each finished request. The gateway can be killed at any moment."""

    running = Bundle("running")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / FILE_NAME
        self.ledger = self.started()
        self.other: sqlite3.Connection | None = None
        self.journal: dict[str, int] = {}
        self.alive: dict[str, tuple[LedgerEntry, int]] = {}
        self.count = 0

    def started(self) -> Ledger:
        ledger = Ledger(self.path, note_seconds=0.0)  # Each token is recorded immediately, so a kill loses none.
        ledger.start()
        return ledger

    @rule(target=running, attempts=st.integers(1, 3))
    def open(self, attempts: int) -> str:
        self.count += 1
        name = f"r{self.count}"
        row = Row(self.ledger.next_id(), name, "alice", None, "model-a", "/v1/chat/completions")
        ledger_entry = LedgerEntry(self.ledger, UpstreamBody(BODY, is_stream=True, is_hidden=True), row)
        for number in range(attempts):
            ledger_entry.attempt(f"w{number}")
        ledger_entry.answered(is_stream=True, encoding="identity")
        self.alive[name] = ledger_entry, 0
        return name

    @rule(name=running, tokens=st.integers(1, 5))
    def relay(self, name: str, tokens: int) -> None:
        if name in self.alive:
            ledger_entry, before = self.alive[name]
            ledger_entry.feed(TOKEN * tokens)
            self.alive[name] = ledger_entry, before + tokens

    @rule(name=consumes(running), outcome=st.sampled_from(["ok", "client_gone", "upstream_broke"]), is_reported=st.booleans())
    def end(self, name: str, outcome: str, is_reported: bool) -> None:
        if name in self.alive:
            ledger_entry, tokens = self.alive.pop(name)
            if is_reported:
                ledger_entry.feed(usage_of(tokens))
            ledger_entry.settle(200, outcome)
            ledger_entry.settle(499, "client_gone")  # Only the first end counts.
            self.journal[name] = tokens

    @rule()
    def lock(self) -> None:
        if self.other is None:
            self.other = sqlite3.connect(self.path, isolation_level=None)
            self.other.execute("BEGIN IMMEDIATE")

    @rule()
    def unlock(self) -> None:
        if self.other is not None:
            self.other.close()
            self.other = None
        self.ledger.flush()

    @rule()
    def kill(self) -> None:
        """Kill the gateway, perhaps while the file is locked. Only rows that wait in memory are lost."""
        lost = {row.request_id for row in self.ledger.unwritten.values()}
        self.unlock_without_flush()
        self.ledger.close()
        for name, (_, tokens) in self.alive.items():
            self.journal[name] = tokens
        self.alive.clear()
        self.journal = {name: tokens for name, tokens in self.journal.items() if name not in lost}
        self.ledger = self.started()
        with sqlite3.connect(self.path) as connection:  # The file has the state of the lost rows from before the lock.
            connection.executemany("DELETE FROM usage WHERE request_id = ?", [(name,) for name in lost])

    def unlock_without_flush(self) -> None:
        if self.other is not None:
            self.other.close()
            self.other = None

    @invariant()
    def ledger_equals_journal(self) -> None:
        if self.ledger.unwritten:
            return
        rows = requests(self.path, EVER, 0, 100_000)
        assert max(Counter(row["request_id"] for row in rows).values(), default=1) == 1
        settled = {row["request_id"]: row["completion_tokens"] for row in rows if row["outcome"] is not None}
        assert settled == self.journal
        assert totals(self.path, EVER, [])[0]["completion_tokens"] == sum(self.journal.values())
        assert {row["request_id"] for row in rows if row["outcome"] is None} == set(self.alive)

    def teardown(self) -> None:
        self.unlock()
        self.ledger_equals_journal()
        self.ledger.close()
        shutil.rmtree(self.folder)


LedgerMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
test_any_history_of_a_ledger = LedgerMachine.TestCase

ENDS = st.sampled_from(["finish", "finish without usage", "break", "abort", "refuse"])
PLANS = st.lists(st.tuples(ENDS, st.integers(1, 6)), min_size=1, max_size=8)


class Sent:
    """The behaviour of the workers, with the tokens of every started answer, as in their journals."""

    def __init__(self) -> None:
        self.tokens = 0

    async def behave(self, request: web.Request) -> web.StreamResponse:
        end, _, count = request.headers["X-Plan"].partition(":")
        if end == "refuse":
            return web.json_response({}, status=503)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(int(count)):
            self.tokens += 1
            await response.write(TOKEN)
        if end == "break":
            await asyncio.sleep(0.01)  # The reset must not overtake the tokens.
            return await reset(request)
        if end == "abort":
            await asyncio.Event().wait()
        await response.write((usage_of(int(count)) if end == "finish" else b"") + DONE)
        return response


async def ask(on: Stage, end: str, count: int) -> None:
    body: Any = STREAM
    try:
        async with on.chat(body, headers={"X-Plan": f"{end}:{count}"}) as response:
            received = 0
            async for chunk in response.content.iter_any():
                received += chunk.count(b"choices")
                if end == "abort" and received == count:
                    return
    except aiohttp.ClientError:
        assert end == "break"


@settings(max_examples=12, deadline=None)
@given(PLANS)
def test_any_requests_add_up(plans: list[tuple[str, int]]) -> None:
    """Any mix of concurrent requests adds up to the tokens that the workers sent."""

    async def story() -> None:
        sent = Sent()
        async with stage(sent.behave, sent.behave) as on:
            await asyncio.gather(*(ask(on, end, count) for end, count in plans))
            await until(lambda: on.gateway.recorder.in_flight.total == 0)
            path = Path(on.gateway.settings.data_dir) / FILE_NAME
            assert totals(path, EVER, [])[0]["completion_tokens"] == sent.tokens
            assert len(requests(path, EVER, 0, 100)) == len(plans)

    asyncio.run(story())
