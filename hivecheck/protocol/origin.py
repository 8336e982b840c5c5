"""Where requests go: scheme, host and port of a URL, the TLS settings, and what a failed connection means. Opens nothing."""

from __future__ import annotations

import errno
import functools
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from hivecheck.errors import UsageError
from hivecheck.protocol.exchange import Failure, FailureKind

DEFAULT_PORTS = {"http": 80, "https": 443}
# The client's own limits: descriptors of the process and of the system, local ports, buffers.
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM}


class Origin(NamedTuple):
    """A server. Connections are shared among the requests of one origin."""

    is_tls: bool
    host: str
    port: int

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS["https" if self.is_tls else "http"] else f"{host}:{self.port}"


@functools.lru_cache(maxsize=256)
def origin_of(url: str) -> tuple[Origin, str]:
    """The origin of a base URL, and the prefix of its paths. Raises UsageError for a URL without a host."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == -1:
        raise UsageError(f"expected: a URL such as http://127.0.0.1:8000/v1\nactual: {url!r}\nnext: name scheme, host and port")
    return Origin(parts.scheme == "https", parts.hostname, port or DEFAULT_PORTS[parts.scheme]), parts.path.rstrip("/")


@dataclass(frozen=True)
class Tls:
    """`ca` is a file of certificates to trust instead of the system's. `is_insecure` accepts any certificate."""

    ca: Path | None = None
    is_insecure: bool = False

    def context(self) -> ssl.SSLContext:
        """Raises UsageError for a `ca` that cannot be read."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"expected: a file of PEM certificates\nactual: {self.ca}: {error}\nnext: check the path") from error
        if self.is_insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        return context


def connect_failure(origin: Origin, error: OSError) -> Failure:
    """What an error of a lookup, a connect or a TLS handshake means."""
    where = f"{origin.host}:{origin.port}"
    if isinstance(error, socket.gaierror):
        return Failure(FailureKind.UNRESOLVED, f"{origin.host}: {error.strerror}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(FailureKind.TLS, f"{where}: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Failure(FailureKind.TLS, f"{where}: {error.reason or error}")
    if isinstance(error, ConnectionRefusedError):
        return Failure(FailureKind.REFUSED, where)
    if isinstance(error, ConnectionError):
        return Failure(FailureKind.RESET, f"{where}, while it was opened")
    if error.errno in EXHAUSTED:
        return Failure(FailureKind.EXHAUSTED, f"{where}: {error.strerror}")
    return Failure(FailureKind.UNREACHABLE, f"{where}: {error.strerror or error}")
