"""Exchanges over real sockets: kept connections, early ends, aborts at any moment."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from peer import LOOPS, PATIENCE_SECONDS, Notes, Peer, Writer, echo, hang, listening, pooled, run, stream, unary, until

from hivecheck.protocol.exchange import LEFT, FailureKind
from hivecheck.protocol.origin import Origin
from hivecheck.protocol.pool import Pool

pytestmark = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
Loop = Callable[[], asyncio.AbstractEventLoop]
UNANSWERED = 40


async def wait(peer: Peer, writer: Writer, path: bytes) -> None:
    await asyncio.sleep(0)


def test_connection_is_kept(loop: Loop) -> None:
    """Requests one after the other share a connection, and each receives its own answer."""

    async def work() -> None:
        async with listening(echo) as peer, pooled() as pool:
            notes = [Notes().send(pool, peer.origin, f"/{number}") for number in range(1)]
            for number in range(10):
                notes.append(Notes().send(pool, peer.origin, f"/{number}"))
                assert await notes[-1].end() is None
                assert notes[-1].body == b"/%d" % number
            assert peer.accepted <= 2
            assert sum(one.connects for one in notes) == peer.accepted

    run(work(), loop)


def test_next_request_from_the_end_of_the_last(loop: Loop) -> None:
    """A request that begins in the end of another one takes over its connection."""

    class Chain(Notes):
        def on_end(self, now: float) -> None:
            super().on_end(now)
            if len(chain) < 20:
                chain.append(Chain())
                chain[-1].send(pools[0], peers[0].origin, f"/{len(chain) - 1}")

    chain: list[Notes] = []
    pools: list[Pool] = []
    peers: list[Peer] = []

    async def work() -> None:
        async with listening(stream) as peer, pooled() as pool:
            pools.append(pool)
            peers.append(peer)
            chain.append(Chain())
            chain[0].send(pool, peer.origin, "/0")
            await until(lambda: len(chain) == 20 and chain[-1].ends)
            assert peer.accepted == 1
            assert [one.events for one in chain] == [[b"/%d" % number, b"[DONE]"] for number in range(20)]

    run(work(), loop)


def test_unlimited_connections(loop: Loop) -> None:
    """Each of many requests at once has a connection of its own."""

    async def work() -> None:
        async with listening(wait) as peer, pooled() as pool:
            notes = [Notes().send(pool, peer.origin) for _ in range(UNANSWERED)]
            await until(lambda: len(peer.paths) == UNANSWERED)
            assert (peer.accepted, pool.open_connections) == (UNANSWERED, UNANSWERED)
        assert [one.ends[0] and one.ends[0].detail for one in notes] == [LEFT] * UNANSWERED

    run(work(), loop)


def test_stale_connection_is_retried(loop: Loop) -> None:
    """A request that meets a kept connection which the server just closed is sent again, once and unnoticed."""

    async def closing(peer: Peer, writer: Writer, path: bytes) -> None:
        writer.write(unary(path))
        await writer.drain()
        if path == b"/first":
            writers.append(writer)

    writers: list[Writer] = []

    async def work() -> None:
        async with listening(closing) as peer, pooled() as pool:
            await Notes().send(pool, peer.origin, "/first").end()
            await until(lambda: writers)
            # The server's socket is closed, and the client's loop does not know it yet.
            server_side = socket.socket(fileno=os.dup(writers[0].get_extra_info("socket").fileno()))
            server_side.shutdown(socket.SHUT_RDWR)
            server_side.close()
            notes = Notes().send(pool, peer.origin, "/second")
            assert (await notes.end(), notes.body, notes.connects) == (None, b"/second", 1)
            assert peer.paths.count(b"/second") == 1

    run(work(), loop)


def test_request_that_the_server_dropped_is_not_retried(loop: Loop) -> None:
    """A server that takes a request over a kept connection and closes without an answer is no stale connection."""

    async def dropping(peer: Peer, writer: Writer, path: bytes) -> None:
        if path == b"/first":
            writer.write(unary(path))
        else:
            writer.close()

    async def work() -> None:
        async with listening(dropping) as peer, pooled() as pool:
            await Notes().send(pool, peer.origin, "/first").end()
            failure = await Notes().send(pool, peer.origin, "/second").end()
            assert failure is not None
            assert (failure.kind, "without a response" in failure.detail) == (FailureKind.CLOSED, True)
            assert (peer.paths, peer.accepted) == ([b"/first", b"/second"], 1)

    run(work(), loop)


def test_unasked_bytes_close_an_idle_connection(loop: Loop) -> None:
    """Bytes on an idle connection close it, so no request takes them for its answer."""

    async def talkative(peer: Peer, writer: Writer, path: bytes) -> None:
        writer.write(unary(path))
        await writer.drain()
        await until(lambda: first.ends)
        writer.write(unary(b"unasked"))

    first = Notes()

    async def work() -> None:
        async with listening(talkative) as peer, pooled() as pool:
            await first.send(pool, peer.origin, "/first").end()
            await until(lambda: not pool.open_connections)
            second = Notes().send(pool, peer.origin, "/second")
            assert (await second.end(), second.body) == (None, b"/second")

    run(work(), loop)


def test_early_answer_to_a_large_request(loop: Loop) -> None:
    """A response that comes before the request was read is whole, and its connection is not kept."""

    async def refuse(reader: asyncio.StreamReader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(unary(b"too large"))

    async def work() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0, limit=4096)
        origin = Origin(False, "127.0.0.1", server.sockets[0].getsockname()[1])
        async with pooled() as pool:
            notes = Notes().send(pool, origin, body=b"x" * 16_000_000)
            assert (await notes.end(), notes.body) == (None, b"too large")
            await until(lambda: not pool.open_connections)
        server.close()

    run(work(), loop)


def test_name_resolved_once(loop: Loop) -> None:
    """Many requests to one host name look it up once, and an address needs no lookup."""

    async def work() -> None:
        async with listening(echo) as peer, pooled() as pool:
            origins = [Origin(False, "localhost", peer.port)] * 20 + [peer.origin] * 5
            notes = [Notes().send(pool, origin) for origin in origins]
            for one in notes:
                assert await one.end() is None
            assert pool.lookups == 1

    run(work(), loop)


def test_nothing_leaks(loop: Loop) -> None:
    """After many aborts at all moments the process has as many descriptors and tasks as before."""

    def state() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())

    async def work() -> None:
        async with listening(hang) as peer, pooled() as pool:
            await Notes().send(pool, peer.origin, "/nothing", 0.01).end()
            await until(lambda: not peer.open and not pool.open_connections)
            before = state()
            for round_number in range(5):
                notes = [Notes().send(pool, peer.origin, path) for path in ("/nothing", "/head", "/stream", "/body") * 10]
                for _ in range(round_number * 3):
                    await asyncio.sleep(0)
                for one in notes:
                    one.abort()
                await until(lambda: not peer.open and not pool.open_connections)
            gc.collect()
            # The server may still have closed a socket of its own after the first count.
            await until(lambda: all(now <= then for now, then in zip(state(), before, strict=True)))

    run(work(), loop)


def test_closed_pool_sends_nothing(loop: Loop) -> None:
    """A closed pool aborts a new exchange at once."""

    async def work() -> None:
        async with listening(echo) as peer:
            pool = Pool(asyncio.get_running_loop())
            await Notes().send(pool, peer.origin).end()
            await pool.close()
            notes = Notes().send(pool, peer.origin)
            assert [end and end.kind for end in notes.ends] == [FailureKind.LEFT]
            assert pool.open_connections == 0

    run(work(), loop)


def test_raw_exchange(loop: Loop) -> None:
    """A raw exchange receives an event stream as a body."""

    async def work() -> None:
        async with listening(stream) as peer, pooled() as pool:
            notes = Notes()
            pool.send(peer.origin, b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", notes, PATIENCE_SECONDS, is_raw=True)
            assert (await notes.end(), notes.events, notes.body) == (None, [], b"data: /x\n\ndata: [DONE]\n\n")

    run(work(), loop)
