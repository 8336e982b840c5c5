"""The plan of a load run: everything that a shard needs, as data. It holds no key: a variable of the environment names it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hivecheck.errors import UsageError
from hivecheck.load import seeds
from hivecheck.load.schedule import Schedule, Trace, Users

CHATS = "/chat/completions"


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How prompts are made. Each is unique after its shared prefix, which is the share `shared_share` of its length in tokens."""

    tokens: int = 32
    shared_share: float = 0.0


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run stops in good order; 0 is no cap. Warm-up counts too. Tokens are prompt and completion together."""

    requests: int = 0
    tokens: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A load run. `url` is the base of the API, such as http://gateway/v1. Times are seconds.

    A stream without an end by `deadline_seconds` is hung, and one with a longer gap than `stall_seconds` is stalled.
    After the schedule, open requests have `drain_seconds` to end. `is_numbered` expects the numbered tokens of the reference worker.
    `key_header` carries the key in the form `key_form`. With `session_field`, each conversation has an id in this field of its bodies.
    `lateness_limit` replaces the limits of validity for lateness and loop lag; 0 keeps them.
    """

    url: str
    model: str
    seed: int
    schedule: Schedule
    path: str = CHATS
    stream_share: float = 1.0
    max_output_tokens: int = 64
    prompt: Prompt = Prompt()
    headers: Mapping[str, str] = {}
    key_variable: str = ""
    key_header: str = "Authorization"
    key_form: str = "Bearer {}"
    session_field: str = ""
    deadline_seconds: float = 60.0
    stall_seconds: float = 10.0
    drain_seconds: float = 30.0
    is_numbered: bool = False
    warm_up: int = 1
    caps: Caps = Caps()
    slo: str = ""
    lateness_limit: float = 0.0

    def is_stream(self, number: int) -> bool:
        """Whether this request streams, from the seed alone."""
        if self.stream_share in (0.0, 1.0):  # a digest for each request would change nothing
            return self.stream_share == 1.0
        return seeds.share(self.seed, number, "stream") < self.stream_share

    def output_tokens(self, number: int) -> int:
        """The most tokens that this request asks for."""
        recorded = self.schedule.turns[number].output_tokens if isinstance(self.schedule, Trace) and number >= 0 else 0
        return recorded or self.max_output_tokens

    def earlier_turns(self, number: int) -> tuple[int, ...]:
        """The requests with turns that this one sends again, the oldest first."""
        return self.schedule.earlier_turns(number) if isinstance(self.schedule, Users | Trace) and number >= 0 else ()

    def conversation(self, number: int) -> str:
        """The id of the request's conversation: the same for each of its turns, and another one for another seed."""
        return f"{self.seed}-{(*self.earlier_turns(number), number)[0]}"

    def to_json(self) -> bytes:
        """For shards and for the result."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, data: bytes) -> Plan:
        """The plan of `to_json`. Raises UsageError for other data."""
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError as error:
            raise UsageError(f"expected: a load plan of this version\nactual: {error}\nnext: make the plan with this version") from None
