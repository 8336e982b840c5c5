"""TLS: the name of the server, its verification, and its failures. `server.pem` is for localhost and signed by `ca.pem`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from peer import LOOPS, Notes, Writer, echo, listening, pooled, run

from hivecheck.errors import UsageError
from hivecheck.protocol.exchange import FailureKind
from hivecheck.protocol.origin import Origin, Tls
from hivecheck.protocol.pool import Pool

HERE = Path(__file__).parent
CA = HERE / "ca.pem"
Loop = Callable[[], asyncio.AbstractEventLoop]


def server_context(names: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / "server.pem")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    return context


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("host", "tls", "kind", "words"),
    [
        ("localhost", Tls(CA), None, ""),
        ("127.0.0.1", Tls(is_insecure=True), None, ""),
        ("localhost", Tls(), FailureKind.TLS, "certificate"),
        ("127.0.0.1", Tls(CA), FailureKind.TLS, "IP address mismatch"),
    ],
)
def test_server_is_verified(loop: Loop, host: str, tls: Tls, kind: FailureKind | None, words: str) -> None:
    """A certificate is accepted for its own name and from the given authority, or unseen if the client asks for that."""

    async def work() -> None:
        names: list[str] = []
        async with listening(echo, server_context(names)) as peer, pooled(Pool(asyncio.get_running_loop(), tls)) as pool:
            for _ in range(3):
                notes = Notes().send(pool, Origin(True, host, peer.port), "/x")
                failure = await notes.end()
                assert (failure and failure.kind, notes.body) == (kind, b"" if kind else b"/x")
                assert failure is None or words in failure.detail
            if kind is None:
                # One handshake, because the connection is kept. An address has no server name.
                assert names == (["localhost"] if host == "localhost" else [None])

    run(work(), loop)


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_plain_server(loop: Loop) -> None:
    """A server without TLS fails the handshake, which has a kind of its own."""

    async def work() -> None:
        async def garble(reader: asyncio.StreamReader, writer: Writer) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(garble, "127.0.0.1", 0)
        async with pooled(Pool(asyncio.get_running_loop(), Tls(CA))) as pool:
            failure = await Notes().send(pool, Origin(True, "localhost", server.sockets[0].getsockname()[1])).end()
            assert failure is not None
            assert failure.kind is FailureKind.TLS
        server.close()

    run(work(), loop)


def test_unreadable_authorities(tmp_path: Path) -> None:
    """A file of authorities that is missing or no PEM is refused with its path."""
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("absent.pem", "empty.pem"):
        with pytest.raises(UsageError, match=name):
            Tls(tmp_path / name).context()
