"""Sessions in a whole gateway: session names, sticky workers, and pins that survive a restart."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from orchestrator_stage import CHAT, NARROW_KEY, Stage, answer, entry, refuse, reset, stage

from services.orchestrator.identity.auth import Identity
from services.orchestrator.routing.pins import FILE_NAME, PinStore
from services.orchestrator.routing.sessions import Sessions
from services.orchestrator.routing.sticky import Pin, Pins

ACME = Identity("alice", "acme")
HEADERS = ("X-Session-ID", "X-Inventiv-Session")


def sessions(body_field: str = "session_id") -> Sessions:
    return Sessions(Pins(60.0, 100, lambda: 0.0), HEADERS, body_field)


def key(headers: dict[str, str] | None = None, body: bytes = b"{}", identity: Identity = ACME, of: Sessions | None = None) -> bytes | None:
    affinity = (of or sessions()).affinity(headers or {}, body, identity, "model-a")
    return affinity.key if affinity else None


async def served_by(on: Stage, session: str, *, status: int = 200, **options: Any) -> str:
    """The id of the worker that answers a request of the session."""
    async with on.chat(headers={"X-Session-ID": session}, **options) as response:
        assert response.status == status, await response.text()
        return str(response.headers["X-Worker-Id"])


def test_session_sources() -> None:
    """A session name means the same session in every header and in the body."""
    by_header = key({"X-Session-ID": "s"})
    assert by_header == key({"X-Inventiv-Session": "s"}) == key(body=b'{"x": [1], "session_id": "s"}')
    assert by_header != key({"X-Session-ID": "t"})


def test_header_before_body() -> None:
    """A header takes precedence over the body."""
    assert key({"X-Session-ID": "s"}, b'{"session_id": "t"}') == key({"X-Session-ID": "s"})


def test_numeric_session() -> None:
    """A numeric session equals the session of its digits."""
    assert key(body=b'{"session_id": 7}') == key({"X-Session-ID": "7"})


@pytest.mark.parametrize(
    "body", [b"{}", b'{"session_id": null}', b'{"session_id": ""}', b'{"session_id": [1]}', b'["session_id"]', b'"session_id']
)
def test_no_session(body: bytes) -> None:
    """A body without a usable value has no session."""
    assert key(body=body) is None


def test_nested_field() -> None:
    """A nested field of the same name does not count."""
    assert key(body=b'{"metadata": {"session_id": "s"}}') is None


def test_session_field_setting() -> None:
    """The body field is configurable and can be off."""
    assert key(body=b'{"conversation": "s"}', of=sessions("conversation")) == key({"X-Session-ID": "s"})
    assert key(body=b'{"session_id": "s"}', of=sessions("")) is None


def test_session_owners() -> None:
    """Sessions of different tenants, and of keys without one, are separate."""
    owners = [ACME, Identity("alice", "umbrella"), Identity("alice"), Identity("bob")]
    assert len({key({"X-Session-ID": "s"}, identity=owner) for owner in owners}) == 4
    assert key({"X-Session-ID": "s"}) == key({"X-Session-ID": "s"}, identity=Identity("carol", "acme"))


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/embeddings", "/v1/whatever"])
async def test_session_worker_on_every_route(path: str) -> None:
    """A session has one worker on every route."""
    async with stage(answer, answer, answer) as on:
        for number in range(6):
            first = await served_by(on, f"s{number}")
            assert {await served_by(on, f"s{number}", body=CHAT | {"prompt": "p"}, path=path) for _ in range(3)} == {first}


async def test_sessions_spread() -> None:
    """Sessions are spread over the workers."""
    async with stage(answer, answer) as on:
        assert {await served_by(on, f"s{number}") for number in range(20)} == {"w1", "w2"}


async def test_no_session_no_pin() -> None:
    """A request without a session pins nothing."""
    async with stage(answer) as on:
        async with on.chat() as response:
            assert response.status == 200
        assert len(on.gateway.pins) == 0


async def test_failure_pins_nothing() -> None:
    """A failed request creates and moves no pin."""
    async with stage(answer, answer) as on:
        home = await served_by(on, "s")
        for worker in on.workers.values():
            worker.behaviour = refuse(500)
        await served_by(on, "s", status=500)
        await served_by(on, "new", status=500)
        assert len(on.gateway.pins) == 1
        for worker in on.workers.values():
            worker.behaviour = answer
        assert await served_by(on, "s") == home


async def test_session_moves_after_loss() -> None:
    """A session moves from a failed worker and stays at the new one."""
    async with stage(answer, answer) as on:
        home = await served_by(on, "s")
        on.workers[home].behaviour = reset
        other = await served_by(on, "s")
        assert other != home
        on.workers[home].behaviour = answer
        on.gateway.proxy.passive_health._until.clear()
        assert await served_by(on, "s") == other


async def test_busy_worker_keeps_session() -> None:
    """A session returns to a worker that was only busy."""
    async with stage(answer, answer) as on:
        home = await served_by(on, "s")
        on.workers[home].behaviour = refuse(429)
        assert await served_by(on, "s") != home
        on.workers[home].behaviour = answer
        assert await served_by(on, "s") == home


async def test_joining_worker() -> None:
    """A pinned session stays when a worker joins."""
    async with stage(answer, answer) as on:
        one, two = on.workers.values()
        await on.announce(entry(one.id, one.url))
        assert {await served_by(on, f"s{number}") for number in range(10)} == {one.id}
        await on.announce(entry(one.id, one.url), entry(two.id, two.url))
        assert {await served_by(on, f"s{number}") for number in range(10)} == {one.id}


async def test_owners_have_separate_pins() -> None:
    """The same session name of two owners makes two pins."""
    async with stage(answer) as on:
        await on.announce(entry("w1", on.workers["w1"].url, models=("model-b",)))
        await served_by(on, "s", body=CHAT | {"model": "model-b"})
        await served_by(on, "s", body=CHAT | {"model": "model-b"}, key=NARROW_KEY)
        assert len(on.gateway.pins) == 2


async def test_pins_survive_restart(tmp_path: Path) -> None:
    """Pins survive a restart."""
    names = [f"s{number}" for number in range(10)]
    async with stage(answer, answer, data_dir=str(tmp_path)) as on:
        one = on.workers["w1"]
        await on.announce(entry(one.id, one.url))
        assert {await served_by(on, name) for name in names} == {"w1"}
    async with stage(answer, answer, data_dir=str(tmp_path)) as on:
        assert len(on.gateway.pins) == 10
        assert {await served_by(on, name) for name in names} == {"w1"}


async def test_pins_on_disk(tmp_path: Path) -> None:
    """A pin is on disk shortly after the answer."""
    async with stage(answer, data_dir=str(tmp_path)) as on:
        await served_by(on, "s")
        for _ in range(200):
            with closing(sqlite3.connect(tmp_path / FILE_NAME)) as reader:
                if reader.execute("SELECT worker FROM pins").fetchall() == [("w1",)]:
                    return
            await asyncio.sleep(0.01)
        raise AssertionError("the pin is not stored")


def test_expired_pins(tmp_path: Path) -> None:
    """Expired and deleted pins are not restored."""
    store = PinStore(tmp_path / FILE_NAME)
    store.start(60.0, now=0.0)
    store.put(b"old", Pin("w1", 10.0, 10.0))
    store.put(b"new", Pin("w2", 90.0, 90.0))
    store.put(b"deleted", None)
    store.stop()
    again = PinStore(tmp_path / FILE_NAME)
    assert again.start(60.0, now=100.0) == [(b"new", Pin("w2", 90.0, 90.0))]
    again.stop()


def test_damaged_pins(tmp_path: Path) -> None:
    """A damaged pin file is moved aside, and a new file is created."""
    (tmp_path / FILE_NAME).write_bytes(b"this is no database" * 100)
    store = PinStore(tmp_path / FILE_NAME)
    assert store.start(60.0, now=0.0) == []
    store.put(b"key", Pin("w1", 10.0, 10.0))
    store.stop()
    assert len(list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))) == 1
    again = PinStore(tmp_path / FILE_NAME)
    assert len(again.start(60.0, now=20.0)) == 1
    again.stop()


def test_unwritable_pins(tmp_path: Path) -> None:
    """A file that is not writable raises no error."""
    (tmp_path / "file").write_text("in the way")
    store = PinStore(tmp_path / "file" / FILE_NAME)
    assert store.start(60.0, now=0.0) == []
    store.put(b"key", Pin("w1", 10.0, 10.0))
    store.stop()
