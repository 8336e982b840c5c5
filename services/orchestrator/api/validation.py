"""Validates request bodies before an attempt. Decodes only the checked fields; the proxy forwards the original bytes."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec

from services.api_errors import ApiError

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class Message(msgspec.Struct):
    """One chat message. The worker validates the parts of a content list."""

    role: Role
    content: str | list[msgspec.Raw] | None = None


class Generation(msgspec.Struct, kw_only=True):
    """The fields of every body. As in the OpenAI API, null means absent."""

    # Model names appear in logs, metrics and the ledger, so their length has a limit.
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    stream: bool | None = None


class Sampling(Generation, kw_only=True):
    """The fields that chats and completions share."""

    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_tokens: AtLeastOne | None = None
    max_completion_tokens: AtLeastOne | None = None
    n: AtLeastOne | None = None
    stop: str | list[str] | None = None


class Chat(Sampling, kw_only=True):
    """Body of `/v1/chat/completions`."""

    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]


class Completion(Sampling, kw_only=True):
    """Body of `/v1/completions`."""

    prompt: str | list[msgspec.Raw]


BodyT = TypeVar("BodyT", bound=Generation)
Decoder = msgspec.json.Decoder[BodyT]

CHAT: Decoder[Chat] = msgspec.json.Decoder(Chat)
COMPLETION: Decoder[Completion] = msgspec.json.Decoder(Completion)
ANY: Decoder[Generation] = msgspec.json.Decoder(Generation)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def must_be_valid(body: bytes, decoder: Decoder[BodyT]) -> BodyT:
    """The checked fields of `body`. Raises ApiError 400 with the offending field as `param`."""
    if not body:
        raise ApiError("invalid_request", "The request has no body; expected a JSON object with 'model'.", param="model")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        # msgspec stops at the first wrong field, even if the JSON is broken further on. Broken JSON takes precedence.
        raise _syntax_error(body) or _refusal(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _syntax_error(body) or ApiError("invalid_json", f"The body is not valid JSON: {error}") from None


def with_model(body: bytes, model: str) -> bytes:
    """The body with another `model`. Every other value keeps its bytes."""
    fields = _FIELDS.decode(body)
    fields["model"] = msgspec.Raw(msgspec.json.encode(model))
    return msgspec.json.encode(fields)


def _syntax_error(body: bytes) -> ApiError | None:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return ApiError("invalid_json", f"The body is not valid JSON: {error}.")
    except RecursionError:  # For example 100,000 opening brackets.
        return ApiError("invalid_json", "The body is nested too deeply.")
    return None


def _refusal(message: str) -> ApiError:
    """Turn msgspec's "Object missing required field `role` - at `$.messages[0]`" into the OpenAI `param` "messages[0].role"."""
    reason, _, place = message.partition(" - at `$")
    param = place.rstrip("`").lstrip(".")
    if "missing required field" in reason:
        param = ".".join(filter(None, [param, reason.split("`")[1]]))
        reason = "This field is required"
    if not param:
        return ApiError("invalid_json", f"The body must be a JSON object. {reason}.")
    return ApiError("invalid_request", f"{param}: {reason}.".replace("`", "'"), param=param)
