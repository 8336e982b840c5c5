"""The prefix cache: which tokens count as cached, for which session, and how many the cache keeps."""

from __future__ import annotations

from chat_bodies import chat_body
from hypothesis import given
from hypothesis import strategies as st
from worker_process import CHAT, WorkerFactory, WorkerProcess

from services.worker.prefix_cache import PrefixCache, SessionKey, session_of

S: SessionKey = ("acme", "m", "s")
PREFILL_SECONDS = 0.002
LONG = " ".join(f"w{number}" for number in range(100))
WORDS = st.lists(st.sampled_from("ab"), max_size=8).map(tuple)


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def test_cold_start() -> None:
    """A new session has no cached tokens."""
    assert PrefixCache(100).hits(S, words("a b c")) == 0


def test_common_prefix() -> None:
    """The common prefix is cached up to the first difference."""
    cache = PrefixCache(100)
    cache.keep(S, words("a b c d"))
    assert cache.hits(S, words("a b x d e")) == 2


def test_last_token_computed() -> None:
    """The last token is never cached."""
    cache = PrefixCache(100)
    cache.keep(S, words("a b c"))
    assert cache.hits(S, words("a b c")) == 2
    assert cache.hits(S, words("a")) == 0
    assert cache.hits(S, ()) == 0


def test_sessions_are_separate() -> None:
    """A session has no cached tokens of another session."""
    cache = PrefixCache(100)
    cache.keep(S, words("a b c"))
    assert cache.hits(("umbrella", "m", "s"), words("a b c")) == 0


def test_least_recently_used_evicted() -> None:
    """The least recently used session is evicted."""
    cache = PrefixCache(6)
    one, two, three = (("acme", "m", name) for name in "123")
    cache.keep(one, words("a b c"))
    cache.keep(two, words("a b c"))
    cache.hits(one, words("a"))
    cache.keep(three, words("a b c"))
    assert [cache.hits(session, words("a b c d")) for session in (one, two, three)] == [3, 0, 3]


def test_larger_than_cache() -> None:
    """A prompt beyond the limit is not kept."""
    cache = PrefixCache(2)
    cache.keep(S, words("a b c"))
    assert (cache.tokens, cache.hits(S, words("a b c"))) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from("xyz"), WORDS), max_size=30), st.integers(0, 20))
def test_limit_holds(turns: list[tuple[str, tuple[str, ...]]], limit: int) -> None:
    """The cache never exceeds its limit."""
    cache = PrefixCache(limit)
    for name, prompt in turns:
        assert 0 <= cache.hits(("t", "m", name), prompt) <= max(0, len(prompt) - 1)
        cache.keep(("t", "m", name), prompt)
        assert 0 <= cache.tokens <= limit
        assert cache.tokens == sum(len(kept) for kept in cache._kept.values())


def test_session_of() -> None:
    """A header precedes the body, and the tenant owns the session."""
    names = ("X-Session-ID", "X-Inventiv-Session")
    assert session_of({"X-Auth-Tenant": "acme", "X-Inventiv-Session": "h"}, names, "b", "m") == ("acme", "m", "h")
    assert session_of({"X-Auth-Subject": "bob"}, names, "b", "m") == ("bob", "m", "b")
    assert session_of({}, names, None, "m") is None


def test_second_turn_is_faster(start_worker: WorkerFactory) -> None:
    """The second turn of a session is cached and faster."""
    worker = start_worker(prefill_seconds_per_token=PREFILL_SECONDS)
    first, second = turn(worker, LONG), turn(worker, f"{LONG} t0 t1 more")
    assert [first["prompt_tokens_details"], second["prompt_tokens_details"]] == [{"cached_tokens": 0}, {"cached_tokens": 102}]
    ends = [line for line in worker.journal() if line["event"] == "end"]
    assert [line["cached_tokens"] for line in ends] == [0, 102]
    cold, warm = (line["monotonic"] - line["slot_at"] for line in ends)
    assert cold >= 100 * PREFILL_SECONDS
    assert warm < cold / 2


def test_session_in_body(start_worker: WorkerFactory) -> None:
    """The body can name a session, and a null name is none."""
    worker = start_worker()
    for expected in (0, 1):
        usage = worker.call("POST", CHAT, chat_body(messages=[{"role": "user", "content": "a b"}], session_id=7)).json["usage"]
        assert usage["prompt_tokens_details"] == {"cached_tokens": expected}
    assert "prompt_tokens_details" not in worker.call("POST", CHAT, chat_body(session_id=None)).json["usage"]


def turn(worker: WorkerProcess, content: str) -> dict[str, dict[str, int]]:
    """The usage of one turn of session s."""
    body = chat_body(messages=[{"role": "user", "content": content}], max_tokens=2)
    usage: dict[str, dict[str, int]] = worker.call("POST", CHAT, body, X_Session_ID="s").json["usage"]
    return usage
