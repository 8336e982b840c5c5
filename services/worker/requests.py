"""Decodes OpenAI request bodies into a `Job` with the fields that the simulator needs. Pure. Unknown fields are ignored."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from services.api_errors import ApiError

AskedT = TypeVar("AskedT", bound=msgspec.Struct)
Limit = Annotated[int, msgspec.Meta(ge=1)]
Texts = str | list[str | int | list[int]]  # a text, texts, tokens, or lists of tokens


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted request. `limit` is the client's max_tokens, `items` are the texts to embed or to rank by `query`.

    `tool` is the function that the answer must call. `words` are the prompt's tokens. `cached_tokens` is how many of them the prefix
    cache has, or None for a request without a session.
    """

    model: str
    prompt_tokens: int
    limit: int | None = None
    is_stream: bool = False
    include_usage: bool = False
    items: tuple[str, ...] = ()
    query: str = ""
    top: int | None = None
    words: tuple[str, ...] = ()
    session: str | None = None
    tool: str | None = None
    cached_tokens: int | None = None


class Part(msgspec.Struct):
    """One part of a message. Parts of other types have no text."""

    text: str = ""


class Message(msgspec.Struct):
    role: str
    content: str | list[Part] | None = None


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = False


class Function(msgspec.Struct):
    name: str


class Tool(msgspec.Struct):
    """An available tool or a tool choice. The simulator calls only functions."""

    function: Function | None = None


class ChatRequest(msgspec.Struct):
    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    tools: list[Tool] | None = None
    tool_choice: str | Tool | None = None
    session_id: Any = None


class CompletionRequest(msgspec.Struct):
    model: str
    prompt: Texts
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Limit | None = None
    session_id: Any = None


class EmbeddingsRequest(msgspec.Struct):
    model: str
    input: Texts


class RerankRequest(msgspec.Struct):
    model: str
    query: str
    documents: list[str]
    top_n: Limit | None = None


# `Any`, because the journal also records a body with a number or a list as its model.
class Peek(msgspec.Struct):
    """The fields that the journal records of a rejected body."""

    model: Any = None
    stream: Any = False


_CHAT = msgspec.json.Decoder(ChatRequest)
_COMPLETION = msgspec.json.Decoder(CompletionRequest)
_EMBEDDINGS = msgspec.json.Decoder(EmbeddingsRequest)
_RERANK = msgspec.json.Decoder(RerankRequest)
_PEEK = msgspec.json.Decoder(Peek)


def chat(body: bytes) -> Job:
    asked = _decode(_CHAT, body)
    words = tuple(word for message in asked.messages for word in _words(message.content))
    return Job(
        model=asked.model,
        prompt_tokens=max(1, len(words)),
        words=words,
        session=_session(asked.session_id),
        tool=_tool(asked.tools or [], asked.tool_choice),
        # OpenAI deprecates max_tokens in favour of max_completion_tokens. Clients still send either.
        limit=asked.max_completion_tokens or asked.max_tokens,
        is_stream=bool(asked.stream),
        include_usage=_wants_usage(asked.stream_options),
    )


def completion(body: bytes) -> Job:
    asked = _decode(_COMPLETION, body)
    return Job(
        model=asked.model,
        prompt_tokens=max(1, _text_words(asked.prompt)),
        words=tuple(asked.prompt.split()) if isinstance(asked.prompt, str) else (),
        session=_session(asked.session_id),
        limit=asked.max_tokens,
        is_stream=bool(asked.stream),
        include_usage=_wants_usage(asked.stream_options),
    )


def embeddings(body: bytes) -> Job:
    asked = _decode(_EMBEDDINGS, body)
    return Job(model=asked.model, prompt_tokens=max(1, _text_words(asked.input)), items=_items(asked.input))


def rerank(body: bytes) -> Job:
    asked = _decode(_RERANK, body)
    words = _text_words(asked.query) + sum(map(_text_words, asked.documents))
    return Job(model=asked.model, prompt_tokens=max(1, words), items=tuple(asked.documents), query=asked.query, top=asked.top_n)


def peek(body: bytes) -> tuple[str | None, bool]:
    """Model and stream flag of any body, valid or not."""
    try:
        asked = _PEEK.decode(body)
    except msgspec.DecodeError:
        return None, False
    return asked.model if isinstance(asked.model, str) else None, asked.stream is True


def _decode(decoder: msgspec.json.Decoder[AskedT], body: bytes) -> AskedT:
    """Decode a body. Raises ApiError 400: `invalid_request` names the field, `invalid_json` the position."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise ApiError(
            "invalid_request", f"The request has an invalid field: {error}.", param=place.rstrip("`") or _named(reason)
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError("invalid_json", f"The body is not JSON: {error}.") from None


def _named(reason: str) -> str | None:
    """The field in "Object missing required field `model`"."""
    return reason.split("`")[1] if "missing required field" in reason else None


def _wants_usage(options: StreamOptions | None) -> bool:
    return bool(options and options.include_usage)


def _tool(tools: list[Tool], choice: str | Tool | None) -> str | None:
    """The function that the answer must call: the chosen one, or the first if `required`. Otherwise None."""
    chosen = [choice] if isinstance(choice, Tool) else tools if choice == "required" else []
    return next((tool.function.name for tool in chosen if tool.function), None)


def _session(value: Any) -> str | None:
    # bool is a subclass of int, but `true` names no session.
    is_name = isinstance(value, (str, int)) and not isinstance(value, bool)
    return (str(value) or None) if is_name else None


def _words(content: str | list[Part] | None) -> list[str]:
    if isinstance(content, str):
        return content.split()
    return [word for part in content or () for word in part.text.split()]


def _text_words(texts: Texts) -> int:
    if isinstance(texts, str):
        return len(texts.split())
    return sum(len(text.split()) if isinstance(text, str) else len(text) if isinstance(text, list) else 1 for text in texts)


def _items(texts: Texts) -> tuple[str, ...]:
    """The separate inputs. A list of numbers is one input of tokens."""
    if isinstance(texts, str):
        return (texts,)
    if any(isinstance(text, int) for text in texts):
        return (repr(texts),)
    return tuple(text if isinstance(text, str) else repr(text) for text in texts)
