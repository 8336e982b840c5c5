"""The names of sessions: which headers carry them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from hivecheck.checks.facts import SESSION_HEADERS
from hivecheck.stack.stack import Stack
from hivecheck.topologies.topology import load
from hivecheck.world.requests.sessions import headers_of


def stack(topology: str, target: object = None) -> Stack:
    return cast(Stack, SimpleNamespace(topology=load(topology), target=target))


@pytest.mark.parametrize(("topology", "headers"), [("default", ("X-Session-ID",)), ("single_slot", SESSION_HEADERS)])
def test_headers_of_gateway(topology: str, headers: tuple[str, ...]) -> None:
    """Clients use the headers that the gateway is configured for, or its default."""
    assert headers_of(stack(topology)) == headers


def test_headers_of_target() -> None:
    """The settings of our gateway do not limit a target."""
    assert headers_of(stack("default", target=object())) == SESSION_HEADERS
