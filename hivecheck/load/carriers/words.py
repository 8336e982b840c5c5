"""The words of a person for carriers: `local:2,docker:CONTEXT:4`. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.load.profiles import refusal

LOCAL, DOCKER = "local", "docker"
FORMS = "local:COUNT or docker:CONTEXT:COUNT, such as local:2,docker:default:4"
MOST_SHARDS = 256


@dataclass(frozen=True)
class Place:
    """So many shards on one carrier. `context` is empty for local processes."""

    kind: str
    context: str
    count: int


def parse(words: str) -> tuple[Place, ...]:
    """The places in their order. Raises UsageError for an unknown carrier, a missing context, or a number of shards that is none."""
    places = tuple(_place(word.strip()) for word in words.split(","))
    if (count := sum(place.count for place in places)) > MOST_SHARDS:
        raise refusal(f"{MOST_SHARDS} shards at most", f"{count} in --carriers {words}", "use fewer")
    return places


def _place(word: str) -> Place:
    kind, _, rest = word.partition(":")
    if kind not in (LOCAL, DOCKER):
        raise refusal(f"a known carrier: {LOCAL} or {DOCKER}", f"--carriers {word}", f"write {FORMS}")
    # An address such as unix:///run/docker.sock has colons of its own.
    context, _, count = rest.rpartition(":")
    if (kind == DOCKER) != bool(context):
        raise refusal("a context for docker, and none for local", f"--carriers {word}", f"write {FORMS}")
    if not count.isascii() or not count.isdigit() or int(count) == 0:
        raise refusal("a number of shards above 0", f"--carriers {word}", f"write {FORMS}")
    return Place(kind, context, int(count))
