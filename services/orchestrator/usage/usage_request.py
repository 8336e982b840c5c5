"""What a request says of its own usage: whether its client asks for it, the body that always asks, the prompt's estimate. Pure."""

from __future__ import annotations

import msgspec

from services.orchestrator.usage.usage import decoded, estimate

# Only these know `stream_options`; others might refuse a field they do not know.
PATHS = frozenset({"/v1/chat/completions", "/v1/completions"})
_ASKED = b'"stream_options":{"include_usage":true},'

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Options(msgspec.Struct):
    include_usage: bool | None = None


class _Part(msgspec.Struct):
    text: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None


class _Prompt(msgspec.Struct):
    messages: list[_Message] | None = None
    prompt: str | list[str | int | list[int]] | None = None
    input: str | list[str | int | list[int]] | None = None


class _Stream(msgspec.Struct):
    stream: bool | None = None
    stream_options: msgspec.Raw = msgspec.Raw()


_OPTIONS = msgspec.json.Decoder(_Options | None)
_PROMPT = msgspec.json.Decoder(_Prompt)
_STREAM = msgspec.json.Decoder(_Stream)


class Asked(msgspec.Struct, frozen=True):
    """`body` is what goes upstream. `is_stream`: of events that can tell their usage; `is_hidden`: by our wish, not the client's."""

    body: bytes
    is_stream: bool = False
    is_hidden: bool = False


def ask(path: str, body: bytes) -> Asked:
    """The request as it goes upstream: a stream that does not ask for its usage is made to, and is else left byte for byte as it was."""
    if path not in PATHS or (b'"stream"' not in body and b"\\u" not in body):
        return Asked(body)
    request = decoded(_STREAM, body)
    if request is None or not request.stream:
        return Asked(body)
    options = bytes(request.stream_options)
    if not options:
        place = body.index(b"{") + 1
        return Asked(body[:place] + _ASKED + body[place:], is_stream=True, is_hidden=True)
    try:
        if (chosen := _OPTIONS.decode(options)) and chosen.include_usage:
            return Asked(body, is_stream=True)
    except msgspec.DecodeError:
        return Asked(body, is_stream=True)  # no options at all: the worker's to refuse
    fields = _FIELDS.decode(body)
    inner = _FIELDS.decode(options) if chosen is not None else {}
    inner["include_usage"] = msgspec.Raw(b"true")
    fields["stream_options"] = msgspec.Raw(msgspec.json.encode(inner))
    return Asked(msgspec.json.encode(fields), is_stream=True, is_hidden=True)


def estimated_prompt(body: bytes) -> int:
    """About how many tokens the prompt of a request is; 0 for a body that has none we know of."""
    request = decoded(_PROMPT, body)
    if request is None:
        return 0
    messages = sum(_tokens_of(message) for message in request.messages or ())
    return messages + _tokens_in(request.prompt) + _tokens_in(request.input)


def _tokens_of(message: _Message) -> int:
    if isinstance(message.content, str):
        return estimate(message.content)
    return sum(estimate(part.text) for part in message.content or () if part.text)


def _tokens_in(texts: str | list[str | int | list[int]] | None) -> int:
    """Prompts are a text, texts, or tokens as numbers."""
    if texts is None:
        return 0
    if isinstance(texts, str):
        return estimate(texts)
    return sum(estimate(text) if isinstance(text, str) else len(text) if isinstance(text, list) else 1 for text in texts)
