"""The bodies of a plan's requests, from the seed and the number of the request alone. Sends nothing."""

from __future__ import annotations

import json
from hashlib import shake_128
from typing import Any

from hivecheck.load.plan import Plan
from hivecheck.load.schedule import Trace, Users

# 256 syllables: a random byte chooses one, and each is about a token.
SYLLABLES = tuple(
    f"{onset}{vowel}"
    for onset in "bcdfghjklmnprstv"
    for vowel in ("a", "e", "i", "o", "u", "ai", "au", "ea", "ee", "ei", "ia", "ie", "io", "oa", "oo", "ou")
)
SHARED = -1  # the number of the words that every prompt shares


def words(seed: int, number: int, purpose: str, count: int) -> str:
    """So many random syllables."""
    return " ".join(map(SYLLABLES.__getitem__, shake_128(f"{seed}/{number}/{purpose}".encode()).digest(count)))


class Bodies:
    """Makes the body of each request."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._shared = words(plan.seed, SHARED, "shared", round(plan.prompt.tokens * plan.prompt.shared_share))
        self._shared_tokens = len(self._shared.split())
        self._has_history = isinstance(plan.schedule, Trace) or (isinstance(plan.schedule, Users) and plan.schedule.turns > 1)
        # One request needs one join of bytes: the prompt is letters and needs no escape.
        self._templates = {is_stream: self._template(is_stream) for is_stream in (False, True)}

    def body(self, number: int) -> bytes:
        """The body of one request."""
        plan = self._plan
        if not self._has_history and not plan.session_field:
            head, tail = self._templates[plan.is_stream(number)]
            return b"".join((head, self._prompt(number).encode(), tail))
        messages: list[dict[str, str]] = []
        for turn in plan.earlier_turns(number):
            messages += [_message("user", self._prompt(turn)), _message("assistant", self._answer(turn))]
        return json.dumps(self._fields(number, [*messages, _message("user", self._prompt(number))])).encode()

    def prompt_tokens(self, number: int) -> int:
        """The length of the request's own prompt, without earlier turns."""
        schedule = self._plan.schedule
        return schedule.own_input_tokens(number) if isinstance(schedule, Trace) and number >= 0 else self._plan.prompt.tokens

    def _prompt(self, number: int) -> str:
        schedule, tokens = self._plan.schedule, self.prompt_tokens(number)
        if isinstance(schedule, Trace) and number >= 0 and (recorded := schedule.turns[number].prompt):
            return recorded
        # The number makes a short prompt unique, too.
        own = f"{number} {words(self._plan.seed, number, 'prompt', max(0, tokens - 1 - self._shared_tokens))}"
        return f"{self._shared} {own}" if self._shared else own

    def _answer(self, number: int) -> str:
        """The assistant's turn as it goes into later requests: the recorded one, or one from the seed.

        The server's own answer would make later prompts depend on the server, and a repeated run would send others.
        """
        schedule = self._plan.schedule
        recorded = schedule.turns[number].answer if isinstance(schedule, Trace) else ""
        return recorded or words(self._plan.seed, number, "answer", self._plan.output_tokens(number))

    def _template(self, is_stream: bool) -> tuple[bytes, bytes]:
        mark = "\x00"
        fields = self._fields(None, [_message("user", mark)], is_stream)
        head, _, tail = json.dumps(fields).partition(json.dumps(mark)[1:-1])
        return head.encode(), tail.encode()

    def _fields(self, number: int | None, messages: list[dict[str, str]], is_stream: bool = False) -> dict[str, Any]:
        plan = self._plan
        if number is not None:
            is_stream = plan.is_stream(number)
        tokens = plan.max_output_tokens if number is None else plan.output_tokens(number)
        stream = {"stream": True, "stream_options": {"include_usage": True}} if is_stream else {}
        session = {plan.session_field: plan.conversation(number)} if plan.session_field and number is not None else {}
        return {"model": plan.model, "messages": messages, "max_tokens": tokens, **session, **stream}


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
