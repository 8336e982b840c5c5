"""The usage options of a request: makes each stream report its usage, and estimates the prompt tokens. Pure."""

from __future__ import annotations

import msgspec

from services.orchestrator.usage.usage import decoded, estimate

# Only these endpoints define `stream_options`. Others can reject an unknown field.
PATHS = frozenset({"/v1/chat/completions", "/v1/completions"})
_INCLUDE_USAGE = b'"stream_options":{"include_usage":true},'

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


class UpstreamBody(msgspec.Struct, frozen=True):
    """The `body` for the worker. `is_stream`: its events can report usage. `is_hidden`: only the gateway requested that report."""

    body: bytes
    is_stream: bool = False
    is_hidden: bool = False


def upstream_body(path: str, body: bytes) -> UpstreamBody:
    """The body for the worker. A stream also gets `include_usage`. Every other byte stays the same where possible."""
    if path not in PATHS or (b'"stream"' not in body and b"\\u" not in body):
        return UpstreamBody(body)
    request = decoded(_STREAM, body)
    if request is None or not request.stream:
        return UpstreamBody(body)
    options = bytes(request.stream_options)
    if not options:
        place = body.index(b"{") + 1
        return UpstreamBody(body[:place] + _INCLUDE_USAGE + body[place:], is_stream=True, is_hidden=True)
    try:
        if (chosen := _OPTIONS.decode(options)) and chosen.include_usage:
            return UpstreamBody(body, is_stream=True)
    except msgspec.DecodeError:
        return UpstreamBody(body, is_stream=True)  # Malformed options: the worker rejects them.
    fields = _FIELDS.decode(body)
    inner = _FIELDS.decode(options) if chosen is not None else {}
    inner["include_usage"] = msgspec.Raw(b"true")
    fields["stream_options"] = msgspec.Raw(msgspec.json.encode(inner))
    return UpstreamBody(msgspec.json.encode(fields), is_stream=True, is_hidden=True)


def estimated_prompt(body: bytes) -> int:
    """The estimated prompt tokens of a request, or 0 for a body without a known prompt field."""
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
    """The estimated tokens of a prompt: a text, several texts, or token numbers."""
    if texts is None:
        return 0
    if isinstance(texts, str):
        return estimate(texts)
    return sum(estimate(text) if isinstance(text, str) else len(text) if isinstance(text, list) else 1 for text in texts)
