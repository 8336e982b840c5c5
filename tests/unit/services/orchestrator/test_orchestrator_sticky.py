"""Sessions and their workers: rendezvous hashing, pins with a limit and a life time, the affinity of one request."""

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
def test_when_a_worker_leaves_only_its_sessions_move(key: bytes, ids: list[str], data: st.DataObject) -> None:
    leaver = data.draw(st.sampled_from(ids))
    before = rendezvous(key, workers(*ids)).id
    after = rendezvous(key, workers(*(name for name in ids if name != leaver))).id
    assert after == before or before == leaver


@given(key=KEYS, ids=WORKER_IDS, joiner=st.text("xyz", min_size=1, max_size=6))
def test_when_a_worker_joins_sessions_move_only_to_it(key: bytes, ids: list[str], joiner: str) -> None:
    before, after = rendezvous(key, workers(*ids)).id, rendezvous(key, workers(*ids, joiner)).id
    assert after in (before, joiner)


@given(key=KEYS, ids=WORKER_IDS, data=st.data())
def test_the_order_of_workers_does_not_matter(key: bytes, ids: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(ids))
    assert rendezvous(key, workers(*ids)).id == rendezvous(key, workers(*shuffled)).id


def test_sessions_are_spread_evenly_by_hashing() -> None:
    counts = Counter(rendezvous(key_of("tenant a", "m", str(number)), workers("w1", "w2", "w3", "w4")).id for number in range(4000))
    assert min(counts.values()) > 900


def test_the_same_name_is_another_session_for_another_owner_or_model() -> None:
    keys = {key_of(owner, model, "s") for owner in ("tenant a", "subject a", "tenant b") for model in ("m", "n")}
    assert len(keys) == 6


def test_a_session_stays_where_it_was_served_though_hashing_says_otherwise() -> None:
    own = pins()
    key = key_of("tenant a", "m", "s")
    natural = rendezvous(key, workers("w1", "w2")).id
    other = ({"w1", "w2"} - {natural}).pop()
    affinity = Affinity(own, key)
    affinity.served(other, busy=())
    assert affinity.pick(workers("w1", "w2")).id == other
    assert affinity.pick(workers(natural)).id == natural


def test_looking_for_a_worker_pins_nothing() -> None:
    own = pins()
    Affinity(own, b"key").pick(workers("w1", "w2"))
    assert len(own) == 0


def test_a_session_moves_with_success_but_comes_back_to_a_worker_that_was_only_busy() -> None:
    own = pins()
    affinity = Affinity(own, b"key")
    affinity.served("w1", busy=())
    affinity.served("w2", busy=["w1"])
    assert own.worker_of(b"key") == "w1"
    affinity.served("w2", busy=["w3"])
    assert own.worker_of(b"key") == "w2"


def test_a_new_session_stays_with_the_one_that_had_time_for_it() -> None:
    own = pins()
    Affinity(own, b"key").served("w2", busy=["w1"])
    assert own.worker_of(b"key") == "w2"


def test_a_pin_ends_its_life_time_after_its_last_use() -> None:
    clock = Clock()
    own = pins(clock=clock)
    own.put(b"key", "w1")
    clock.now += TTL_SECONDS
    assert own.worker_of(b"key") == "w1"
    own.put(b"key", "w1")
    clock.now += TTL_SECONDS + 0.1
    assert own.worker_of(b"key") is None


def test_the_longest_unused_pin_makes_room() -> None:
    own = pins(capacity=2)
    for key in (b"1", b"2", b"1", b"3"):
        own.put(key, "w1")
    assert [own.worker_of(key) for key in (b"1", b"2", b"3")] == ["w1", None, "w1"]


def test_only_what_must_be_stored_is_told() -> None:
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


def test_restored_pins_count_and_yield_to_what_is_newer() -> None:
    clock = Clock()
    own = pins(capacity=2, clock=clock)
    own.put(b"2", "w9")
    stored = [(b"0", Pin("w0", 1.0, 1.0)), *((bytes(str(number), "ascii"), Pin(f"w{number}", clock.now, clock.now)) for number in (1, 2))]
    own.restore(stored)
    assert [own.worker_of(key) for key in (b"0", b"1", b"2")] == [None, "w1", "w9"]


class PinsMachine(RuleBasedStateMachine):
    """Pins and what was told of them agree with a plain model, after any sequence of uses."""

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


class ComingsAndGoings(RuleBasedStateMachine):
    """Sessions take turns while workers come and go, with room for one pin only."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.joined_at = {"w0": 0, "w1": 0}
        self.pins = Pins(TTL_SECONDS, 1, Clock())
        self.homes: dict[bytes, tuple[str, int]] = {}

    @rule(worker=st.sampled_from(["w0", "w1", "w2", "w3"]))
    def comes_or_goes(self, worker: str) -> None:
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
            assert self.joined_at[chosen] > since, f"{home} was there all the time, and {chosen} is not new"
        # A pin outlives a worker that left and came back between two turns: then nobody was compared, and who joined is still new.
        if chosen != home or (is_hashed and not has_stayed):
            self.homes[key] = chosen, self.now


TestPins = PinsMachine.TestCase
TestComingsAndGoings = ComingsAndGoings.TestCase
TestComingsAndGoings.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestPins.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
