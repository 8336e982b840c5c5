"""The host's own apt sources: which mirror serves a release. Reads both of apt's formats; knows no mirror by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# The schemes that debootstrap reads. apt has more, such as cdrom: and mirror+http:.
REACHABLE = ("http://", "https://", "file:", "copy:")


@dataclass(frozen=True)
class AptSource:
    """A mirror, the releases it is asked for, and the key file that signs them (None: apt's own)."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    keyring: str | None


def read(folder: Path) -> list[AptSource]:
    """The sources of an apt configuration folder such as /etc/apt, in apt's order."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    found: list[AptSource] = []
    for file in files:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            text = file.read_text(encoding="utf-8", errors="replace")
            found += _stanzas(text) if file.suffix == ".sources" else _lines(text)
    return found


def mirror_of(codename: str, sources: list[AptSource]) -> AptSource | None:
    """The first source that serves the release itself, not its updates, and that debootstrap can read."""
    fitting = (item for item in sources if codename in item.suites and "main" in item.components and item.uri.startswith(REACHABLE))
    return next(fitting, None)


def _lines(text: str) -> Iterator[AptSource]:
    for line in text.splitlines():
        if match := re.match(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line.strip()):
            options = dict(part.split("=", 1) for part in (match[1] or "").split() if "=" in part)
            yield AptSource(match[2], (match[3],), tuple(match[4].split()), _key_file(options.get("signed-by", "")))


def _stanzas(text: str) -> Iterator[AptSource]:
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {"no", "false", "0"}:
            continue
        for uri in fields.get("uris", "").split():
            suites, components = fields.get("suites", "").split(), fields.get("components", "").split()
            yield AptSource(uri, tuple(suites), tuple(components), _key_file(fields.get("signed-by", "")))


def _fields(stanza: str) -> Mapping[str, str]:
    """Field name in small letters -> value; a line that begins with a blank goes on with the field before it."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _key_file(signed_by: str) -> str | None:
    """A key may also stand in the source itself, or be a fingerprint; only a file can be handed on."""
    return signed_by if signed_by.startswith("/") else None
