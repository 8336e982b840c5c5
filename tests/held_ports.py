"""Ports for services that tests start: each stays reserved while the tests run, so that it is free when its service starts."""

from __future__ import annotations

from hivecheck.platforms.ports import PortReservation

_held: list[PortReservation] = []


def free_port() -> int:
    """A TCP port on 127.0.0.1 that stays free for the service that gets its number: held, not listening, until this process ends."""
    _held.append(PortReservation())
    return _held[-1].port
