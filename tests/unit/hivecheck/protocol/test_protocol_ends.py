"""Exchanges that end early, over real sockets: cut and malformed answers, deadlines, aborts at any moment, failing handlers."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

import pytest
from peer import END, LOOPS, STREAM, Notes, Peer, Writer, chunk, hang, listening, pooled, run, stream, unary, until

from hivecheck.platforms.ports import PortReservation
from hivecheck.protocol.exchange import FailureKind
from hivecheck.protocol.origin import Origin, origin_of

pytestmark = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"", FailureKind.CLOSED, "without a response"),
        (b"HTTP/1.1 200", FailureKind.CLOSED, "inside the head"),
        (unary(b"hello")[:-1], FailureKind.CLOSED, "before the end of the body"),
        (STREAM + chunk(b"t0"), FailureKind.CLOSED, "inside a chunked body"),
        (b"garbage", FailureKind.MALFORMED, "does not begin with HTTP/"),
        (STREAM + b"x\r\n", FailureKind.MALFORMED, "chunk size"),
    ],
)
def test_early_end(loop: Loop, answer: bytes, kind: FailureKind, words: str) -> None:
    """An answer that ends early or is malformed fails with its kind and place."""

    async def half(peer: Peer, writer: Writer, path: bytes) -> None:
        writer.write(answer)
        writer.close()

    async def work() -> None:
        async with listening(half) as peer, pooled() as pool:
            failure = await Notes().send(pool, peer.origin).end()
            assert failure is not None
            assert (failure.kind, words in failure.detail, words in failure.sentence) == (kind, True, True)

    run(work(), loop)


def test_body_until_close(loop: Loop) -> None:
    """A body that its connection ends is whole, and the connection is gone."""

    async def old(peer: Peer, writer: Writer, path: bytes) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nhello")
        writer.close()

    async def work() -> None:
        async with listening(old) as peer, pooled() as pool:
            notes = Notes().send(pool, peer.origin)
            assert (await notes.end(), notes.body) == (None, b"hello")
            await until(lambda: not pool.open_connections)

    run(work(), loop)


def test_reset(loop: Loop) -> None:
    """A reset in mid-stream is a failure of its own kind, and earlier events are kept."""

    async def reset(peer: Peer, writer: Writer, path: bytes) -> None:
        writer.write(STREAM + chunk(b"t0"))
        await writer.drain()
        await until(lambda: notes.events)
        linger = (1).to_bytes(4, "little") + bytes(4)
        with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    notes = Notes()

    async def work() -> None:
        async with listening(reset) as peer, pooled() as pool:
            failure = await notes.send(pool, peer.origin).end()
            assert failure is not None
            assert (failure.kind, notes.events) == (FailureKind.RESET, [b"t0"])

    run(work(), loop)


def test_refused_and_unresolved(loop: Loop) -> None:
    """A refused connection and an unknown name have kinds of their own."""

    async def work() -> None:
        held = PortReservation()
        async with pooled() as pool:
            refused = await Notes().send(pool, origin_of(held.url)[0]).end()
            unknown = await Notes().send(pool, Origin(False, "absent.invalid", 80)).end()
        held.release()
        assert refused is not None
        assert unknown is not None
        assert (refused.kind, unknown.kind) == (FailureKind.REFUSED, FailureKind.UNRESOLVED)

    run(work(), loop)


@pytest.mark.parametrize("path", ["/nothing", "/head", "/stream", "/body"])
def test_deadline(loop: Loop, path: str) -> None:
    """An exchange without an end fails at its deadline, whatever part of the answer came."""

    async def work() -> None:
        async with listening(hang) as peer, pooled() as pool:
            failure = await Notes().send(pool, peer.origin, path, 0.05).end()
            assert failure is not None
            assert (failure.kind, failure.sentence) == (FailureKind.DEADLINE, "no end within 0.05 s")
            await until(lambda: not peer.open)

    run(work(), loop)


def test_abort_at_any_moment(loop: Loop) -> None:
    """An abort before the connection, at the head or in mid-stream cuts the connection, and nothing else is told."""

    async def work() -> None:
        async with listening(hang) as peer, pooled() as pool:
            early = Notes().send(pool, peer.origin)
            early.abort()
            asked, head, begun = (Notes().send(pool, peer.origin, path) for path in ("/nothing", "/head", "/stream"))
            await until(lambda: b"/nothing" in peer.paths and head.head and begun.events)
            for notes in (asked, head, begun):
                notes.abort()
                notes.abort()
            await until(lambda: not peer.open and not pool.open_connections)
            for notes in (early, asked, head, begun):
                assert [end and end.kind for end in notes.ends] == [FailureKind.LEFT]

    run(work(), loop)


def test_abort_inside_an_event(loop: Loop) -> None:
    """A handler that aborts inside an event receives none of the events behind it."""

    async def many(peer: Peer, writer: Writer, path: bytes) -> None:
        writer.write(STREAM + b"".join(chunk(b"t%d" % number) for number in range(50)) + END)

    async def work() -> None:
        async with listening(many) as peer, pooled() as pool:
            notes = Notes()
            notes.act = notes.abort
            await notes.send(pool, peer.origin).end()
            await until(lambda: not pool.open_connections)
            assert (notes.events, len(notes.ends)) == ([b"t0"], 1)

    run(work(), loop)


def test_failing_handler_ends_its_exchange_only(loop: Loop) -> None:
    """An exception in a handler fails its own exchange."""

    def fail() -> None:
        raise KeyError("planted")

    async def work() -> None:
        reported: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        async with listening(stream) as peer, pooled() as pool:
            bad, good = Notes(fail).send(pool, peer.origin, "/bad"), Notes().send(pool, peer.origin, "/good")
            failure = await bad.end()
            assert (await good.end(), good.events) == (None, [b"/good", b"[DONE]"])
            assert failure is not None
            assert "planted" in failure.detail
            assert reported

    run(work(), loop)
