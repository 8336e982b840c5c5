"""What starts shards, and the channel to a shard. A carrier moves lines and knows none of their meanings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

SHARD_MODULE = "hivecheck.load.shard"


class Handle(Protocol):
    """A shard that runs somewhere. `place` names it for a person, such as `local process 4711`.

    A shard ends itself when its input ends or is silent, so a coordinator that dies leaves none.
    """

    @property
    def place(self) -> str: ...

    def send(self, line: bytes) -> None:
        """Write one line to the shard's input. Raises OSError when the shard has ended."""

    def lines(self) -> Iterator[bytes]:
        """The lines of the shard's output, until its end."""

    def ending(self) -> str:
        """How the shard ended, after the last of its lines."""

    def kill(self) -> None:
        """End the shard at once, and free what it held. A second call does nothing."""


class Carrier(Protocol):
    """Starts shards at one place."""

    def start(self, name: str, variables: Mapping[str, str]) -> Handle:
        """Start a shard with these environment variables. Raises HivecheckError."""

    def close(self) -> None:
        """Free what the carrier holds. Its shards have ended."""
