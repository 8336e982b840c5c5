"""Check: reused."""

from __future__ import annotations

from typing import Any

from stories import BATCH, FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_have_no_room, must_say, tell

from hivecheck.checks.routing.reused import reused


def over(*peers: str | None) -> list[Any]:
    request = [chat(number, **BATCH) for number in range(len(peers))]
    return [*request, *(arrival(one, peer=peer) for one, peer in zip(request, peers, strict=True))]


def test_few_connections() -> None:
    """Requests over few connections pass, over many fail, and an unknown address gives no verdict."""
    must_say(reused(tell(*over("a", "a", "b")), purpose="batch 1", at_most=2), PASSED, "2 connections")
    must_say(reused(tell(*over("a", "b", "c")), purpose="batch 1", at_most=2), FAILED, "3")
    must_say(reused(tell(*over("a", None, "a")), purpose="batch 1", at_most=2), INCONCLUSIVE)


def test_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(reused(tell(chat()), purpose="batch 1", at_most=1), INCONCLUSIVE)


def test_reused_no_room() -> None:
    """As few arrivals as the greatest number of connections cannot exceed it."""
    must_have_no_room(reused(tell(*over("a", "a")), purpose="batch 1", at_most=2), "more than 2 arrivals")
