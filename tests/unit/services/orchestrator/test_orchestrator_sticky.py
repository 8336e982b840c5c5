"""Sticky sessions: rendezvous hashing, pins with capacity and lifetime, the affinity of a request."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from orchestrator_stage import entry

from services.orchestrator.routing.sticky import Affinity, Pin, Pins, key_of, rendezvous
from services.wire import ServiceEntry

TTL_SECONDS = 80.0
KEYS = st.binary(min_size=16, max_size=16)
WORKER_IDS = st.lists(st.text("abc0123", min_size=1, max_size=6), min_size=2, max_size=8, unique=True)


def workers(*ids: str) -> list[ServiceEntry]:
    return [entry(identifier) for identifier in ids]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def pins(capacity: int = 100, changes: list[tuple[bytes, Pin | None]] | None = None, clock: Clock | None = None) -> Pins:
    return Pins(TTL_SECONDS, capacity, clock or Clock(), lambda key, pin: changes.append((key, pin)) if changes is not None else None)


@given(key=KEYS, ids=WORKER_IDS, data=st.data())
def test_leaving_worker_moves_own_sessions(key: bytes, ids: list[str], data: st.DataObject) -> None:
    """A leaving worker moves only its own sessions."""
    leaving = data.draw(st.sampled_from(ids))
    before = rendezvous(key, workers(*ids)).id
    after = rendezvous(key, workers(*(name for name in ids if name != leaving))).id
    assert after == before or before == leaving


@given(key=KEYS, ids=WORKER_IDS, joining=st.text("xyz", min_size=1, max_size=6))
def test_joining_worker_moves_to_itself(key: bytes, ids: list[str], joining: str) -> None:
    """A joining worker moves sessions only to itself."""
    before, after = rendezvous(key, workers(*ids)).id, rendezvous(key, workers(*ids, joining)).id
    assert after in (before, joining)


@given(key=KEYS, ids=WORKER_IDS, data=st.data())
def test_worker_order(key: bytes, ids: list[str], data: st.DataObject) -> None:
    """The order of workers has no effect on hashing."""
    shuffled = data.draw(st.permutations(ids))
    assert rendezvous(key, workers(*ids)).id == rendezvous(key, workers(*shuffled)).id


def test_hashing_is_even() -> None:
    """Hashing spreads sessions evenly."""
    counts = Counter(rendezvous(key_of("tenant a", "m", str(number)), workers("w1", "w2", "w3", "w4")).id for number in range(4000))
    assert min(counts.values()) > 900


def test_session_keys() -> None:
    """The same name is another session for another owner or model."""
    keys = {key_of(owner, model, "s") for owner in ("tenant a", "subject a", "tenant b") for model in ("m", "n")}
    assert len(keys) == 6


def test_pin_before_hashing() -> None:
    """A pin takes precedence over hashing."""
    own = pins()
    key = key_of("tenant a", "m", "s")
    natural = rendezvous(key, workers("w1", "w2")).id
    other = ({"w1", "w2"} - {natural}).pop()
    affinity = Affinity(own, key)
    affinity.served(other, busy=())
    assert affinity.pick(workers("w1", "w2")).id == other
    assert affinity.pick(workers(natural)).id == natural


def test_pick_pins_nothing() -> None:
    """Selecting a worker pins nothing."""
    own = pins()
    Affinity(own, b"key").pick(workers("w1", "w2"))
    assert len(own) == 0


def test_busy_keeps_pin() -> None:
    """A session moves after success, but returns to a worker that was only busy."""
    own = pins()
    affinity = Affinity(own, b"key")
    affinity.served("w1", busy=())
    affinity.served("w2", busy=["w1"])
    assert own.worker_of(b"key") == "w1"
    affinity.served("w2", busy=["w3"])
    assert own.worker_of(b"key") == "w2"


def test_new_session_pinned_to_answering_worker() -> None:
    """A new session is pinned to the worker that answered."""
    own = pins()
    Affinity(own, b"key").served("w2", busy=["w1"])
    assert own.worker_of(b"key") == "w2"


def test_pin_lifetime() -> None:
    """A pin expires its lifetime after its last use."""
    clock = Clock()
    own = pins(clock=clock)
    own.put(b"key", "w1")
    clock.now += TTL_SECONDS
    assert own.worker_of(b"key") == "w1"
    own.put(b"key", "w1")
    clock.now += TTL_SECONDS + 0.1
    assert own.worker_of(b"key") is None


def test_capacity() -> None:
    """The least recently used pin is evicted."""
    own = pins(capacity=2)
    for key in (b"1", b"2", b"1", b"3"):
        own.put(key, "w1")
    assert [own.worker_of(key) for key in (b"1", b"2", b"3")] == ["w1", None, "w1"]


def test_changes() -> None:
    """Only a new, moved or ageing pin is reported for storage."""
    clock, changes = Clock(), list[tuple[bytes, Pin | None]]()
    own = pins(changes=changes, clock=clock)
    own.put(b"key", "w1")
    own.put(b"key", "w1")
    own.put(b"key", "w2")
    assert [pin and pin.worker_id for _, pin in changes] == ["w1", "w2"]
    clock.now += TTL_SECONDS / 8
    own.put(b"key", "w2")
    assert changes[-1] == (b"key", Pin("w2", clock.now, clock.now))
    assert len(changes) == 3


def test_restore() -> None:
    """Restored pins count as older than the present ones."""
    clock = Clock()
    own = pins(capacity=2, clock=clock)
    own.put(b"2", "w9")
    stored = [(b"0", Pin("w0", 1.0, 1.0)), *((bytes(str(number), "ascii"), Pin(f"w{number}", clock.now, clock.now)) for number in (1, 2))]
    own.restore(stored)
    assert [own.worker_of(key) for key in (b"0", b"1", b"2")] == [None, "w1", "w9"]


class PinsMachine(RuleBasedStateMachine):
    """Pins and the reported changes agree with a plain model after any sequence of uses."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.stored: dict[bytes, str] = {}
        self.pins = Pins(TTL_SECONDS, 3, self.clock, self._store)
        self.last_use: dict[bytes, tuple[str, float]] = {}

    def _store(self, key: bytes, pin: Pin | None) -> None:
        self.stored.pop(key, None)
        if pin:
            self.stored[key] = pin.worker_id

    @rule(key=st.sampled_from([b"1", b"2", b"3", b"4", b"5"]), worker=st.sampled_from(["w1", "w2"]))
    def use(self, key: bytes, worker: str) -> None:
        self.pins.put(key, worker)
        self.last_use.pop(key, None)
        self.last_use[key] = worker, self.clock.now

    @rule(seconds=st.floats(0, TTL_SECONDS))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def never_more_than_the_capacity(self) -> None:
        assert len(self.pins) <= 3
        assert len(self.stored) == len(self.pins)

    @invariant()
    def the_last_three_used_in_time_are_pinned(self) -> None:
        live = {key: worker for key, (worker, at) in list(self.last_use.items())[-3:] if self.clock.now - at <= TTL_SECONDS}
        assert {key: self.pins.worker_of(key) for key in self.last_use if self.pins.worker_of(key)} == live
        assert live.items() <= self.stored.items()


class MembershipMachine(RuleBasedStateMachine):
    """Sessions take turns while workers join and leave, with a capacity of one pin."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.joined_at = {"w0": 0, "w1": 0}
        self.pins = Pins(TTL_SECONDS, 1, Clock())
        self.homes: dict[bytes, tuple[str, int]] = {}

    @rule(worker=st.sampled_from(["w0", "w1", "w2", "w3"]))
    def joins_or_leaves(self, worker: str) -> None:
        self.now += 1
        if worker not in self.joined_at:
            self.joined_at[worker] = self.now
        elif len(self.joined_at) > 1:
            del self.joined_at[worker]

    @rule(order=st.permutations(range(3)))
    def every_session_takes_a_turn(self, order: list[int]) -> None:
        for number in order:
            self._take_turn(number)

    def _take_turn(self, number: int) -> None:
        self.now += 1
        key = key_of("tenant a", "m", str(number))
        affinity = Affinity(self.pins, key)
        is_hashed = self.pins.worker_of(key) not in self.joined_at
        chosen = affinity.pick(workers(*self.joined_at)).id
        affinity.served(chosen, busy=())
        home, since = self.homes.get(key, ("", 0))
        has_stayed = home in self.joined_at and self.joined_at[home] <= since
        if has_stayed and chosen != home:
            assert self.joined_at[chosen] > since, f"{home} was a member all the time, and {chosen} is not new"
        # A pin survives a worker that leaves and returns between two turns. Hashing was not used then, so a joined worker is still new.
        if chosen != home or (is_hashed and not has_stayed):
            self.homes[key] = chosen, self.now


TestPins = PinsMachine.TestCase
TestComingsAndGoings = MembershipMachine.TestCase
TestComingsAndGoings.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestPins.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
