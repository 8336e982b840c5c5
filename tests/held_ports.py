"""Ports for services that tests start: nobody else is given one of them while the tests run, so none is taken when its service starts."""

from __future__ import annotations

from hivecheck.platforms.ports import PortReservation

_held: list[PortReservation] = []


def free_port() -> int:
    """A TCP port on 127.0.0.1 that stays free for whoever was told of it: held, not listening, until this process ends."""
    _held.append(PortReservation())
    return _held[-1].port
