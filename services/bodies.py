"""Decodes bodies and query parameters into typed values. An invalid value of a request gives 400 with the field and the accepted form."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from services.api_errors import ApiError

ShapeT = TypeVar("ShapeT")

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
NAME_FORM = "letters, digits, . _ - (at most 63, the first a letter or digit)"
URL_PATTERN = re.compile(r"https?://[^/\s?#]+(/[^\s?#]*)?")
_ZLIB_OR_GZIP = 47  # Window bits of zlib: 15 for the largest window, plus 32 to detect the format by its header.


async def read(request: web.Request, *, seconds: float, max_bytes: int) -> bytes:
    """The whole body. Raises ApiError 413 before reading if Content-Length is too large, 400 if the body is incomplete after `seconds`."""
    if (request.content_length or 0) > max_bytes:
        raise ApiError("request_too_large", f"The body exceeds the limit (bytes: {max_bytes}).", headers={"Connection": "close"})
    # Nearly every body arrives together with its headers. The check saves a timer per request on the hot path.
    if request.content.is_eof():
        return await request.read()
    try:
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError:
        raise ApiError("invalid_request", f"The body was incomplete after {seconds:g} s.", headers={"Connection": "close"}) from None


def plain(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """At most `max_bytes` of a body without its Content-Encoding. Empty for an unknown coding, and for a body that is not in it."""
    if encoding == "identity":
        return body
    try:
        return zlib.decompressobj(_ZLIB_OR_GZIP).decompress(body, max_bytes)
    except zlib.error:
        return b""


def decode(body: bytes, shape: type[ShapeT]) -> ShapeT:
    """Decode a JSON body. Raises ApiError 400 invalid_request with `param`, or invalid_json."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        path = place.rstrip("`").lstrip(".")
        named = re.search(r"field `(.+)`", reason)
        param = ".".join(part for part in (path, named[1] if named else "") if part)
        words = _choices(shape, path) if reason.startswith("Invalid enum value") else reason[0].lower() + reason[1:]
        raise ApiError("invalid_request", f"{param or 'body'}: {words}.", param=param or None) from None
    except msgspec.DecodeError as error:
        raise ApiError("invalid_json", f"The body is not JSON: {error}.") from None


def _choices(shape: Any, path: str) -> str:
    fields = msgspec.json.schema(shape)["$defs"][shape.__name__]["properties"]
    accepted = fields.get(path, {}).get("enum") or fields.get(path, {}).get("anyOf", [{}])[0].get("enum", [])
    return f"expected one of {', '.join(map(str, accepted))}"


def must_be_name(value: str, param: str) -> None:
    """Raise ApiError 400 unless `value` is a valid name of a service or a worker."""
    if not NAME_PATTERN.fullmatch(value):
        raise ApiError("invalid_request", f"{param} = {value!r}: expected {NAME_FORM}.", param=param)


def must_be_url(value: str, param: str) -> None:
    """Raise ApiError 400 unless `value` is an http(s) URL to which a path can be appended."""
    if not URL_PATTERN.fullmatch(value):
        raise ApiError("invalid_request", f"{param} = {value!r}: expected an http(s) URL, for example http://127.0.0.1:9000.", param=param)


def must_be_models(models: tuple[str, ...]) -> None:
    """Raise ApiError 400 if a model name is empty."""
    if not all(models):
        raise ApiError("invalid_request", f"models = {list(models)!r}: expected non-empty names.", param="models")


def integer(query: Mapping[str, str], name: str, default: int | None = None, *, least: int = 0) -> int:
    """A query parameter as an int of at least `least`. It is required if `default` is None. Raises ApiError 400."""
    text = query.get(name)
    if text is None and default is not None:
        return default
    # At most 20 digits, because `int` takes quadratic time. Epochs in nanoseconds have 19 digits.
    if text is None or not re.fullmatch(r"\d{1,20}", text) or int(text) < least:
        raise ApiError("invalid_request", f"{name} = {text!r}: expected a whole number, {least} or more.", param=name)
    return int(text)


def seconds(query: Mapping[str, str], name: str, default: float) -> float:
    """A query parameter as seconds, 0 or more. Raises ApiError 400."""
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        raise ApiError("invalid_request", f"{name} = {text!r}: expected seconds, 0 or more.", param=name)
    return float(text)


def choice(query: Mapping[str, str], name: str, default: str | None, accepted: Collection[str]) -> str | None:
    """A query parameter from a fixed set. Raises ApiError 400."""
    value = query.get(name, default)
    if value is not None and value not in accepted:
        raise ApiError("invalid_request", f"{name} = {value!r}: expected one of {', '.join(sorted(accepted))}.", param=name)
    return value
