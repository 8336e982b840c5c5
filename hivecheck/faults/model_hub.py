"""The model hub is down, slow, sends wrong bytes, or replaces its files. Proven by downloads from it, and by what it offers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hivecheck.clients.model_hub import ModelHubClient
from hivecheck.errors import ClientError
from hivecheck.faults.fault import Fault, FaultTarget, Kind

HUB = "model_hub"
# Slow enough to inject in the middle of a download of some MiB, fast enough to wait for its end.
SLOW_BYTES_PER_SECOND = 1024 * 1024
SAMPLE_BYTES = 32 * 1024  # the least size of a measured download: 31 ms at the limit
SAMPLES, MOST_SAMPLES = 3, 20  # the fastest counts: a busy machine slows one download, the limit slows all
LIMIT_SHARE = 0.7  # of the time at the limit: the hub does not wait after the last chunk
MANY = 10_000


@dataclass(frozen=True)
class Usual:
    """The hub before the injection: the time of one download, and what it offered."""

    seconds: float = 0.0
    offers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass
class ModelHubFault:
    """`orders` go to the hub's admin API, and `reset` undoes them. `evidence` is what a client of the hub observes.

    The evidence takes downloads as well. A fault of a single download must be ordered after the injection.
    """

    act: str
    description: str
    orders: Mapping[str, Any]
    reset: Mapping[str, Any]
    evidence: Callable[[ModelHubClient, Usual], str | None]
    requires: frozenset[str] = frozenset()
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = "no hive fetches a model under the load"
    example_target: str = "hub"
    _usual: Usual = Usual()

    def inject(self, fault_target: FaultTarget) -> None:
        with _hub(fault_target) as hub:
            self._usual = Usual(_usual_seconds(hub), hub.offers())
            hub.order(**self.orders)

    def effect(self, fault_target: FaultTarget) -> str | None:
        with _hub(fault_target) as hub:
            return self.evidence(hub, self._usual)

    def remove(self, fault_target: FaultTarget) -> None:
        with _hub(fault_target) as hub:
            hub.order(**self.reset)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return self.effect(fault_target)


def _outage(hub: ModelHubClient, _: Usual) -> str | None:
    status = hub.ask("GET", "/models").status
    return f"the hub answers {status}" if status == 503 else None


def _slow_download(hub: ModelHubClient, usual: Usual) -> str | None:
    size, seconds = _sample_seconds(hub)
    least = LIMIT_SHARE * size / SLOW_BYTES_PER_SECOND
    is_slow = seconds >= least > usual.seconds
    return f"a download of {size} bytes took {seconds:.3f} s, {usual.seconds:.3f} s before the injection" if is_slow else None


def _wrong_bytes(hub: ModelHubClient, _: Usual) -> str | None:
    model, offer = min(hub.offers().items(), key=lambda item: int(item[1]["size_bytes"]))
    actual = hashlib.sha256(hub.download(model)).hexdigest()
    return f"checksum of {model}: {actual[:8]}..., offered: {offer['sha256'][:8]}..." if actual != offer["sha256"] else None


def _other_files(hub: ModelHubClient, usual: Usual) -> str | None:
    model, offer = min(hub.offers().items(), key=lambda item: int(item[1]["size_bytes"]))
    # Not by a download, because a hub can send wrong bytes at the same time.
    now, former = offer["sha256"], usual.offers.get(model, offer)["sha256"]
    return f"offered checksum of {model}: {now[:8]}..., before: {former[:8]}..." if now != former else None


def model_hub_faults() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS."""
    outage = "taken down", "The hub answers every request with 503.", {"is_down": True}, {"is_down": False}, _outage
    slow, fast = {"bytes_per_second": SLOW_BYTES_PER_SECOND}, {"bytes_per_second": 0}
    bandwidth = "limited in bandwidth", "The hub sends at most 1 MiB a second.", slow, fast, _slow_download
    wrong = "The checksum of a download differs from the offered one."
    corruption = "made to send wrong bytes", wrong, {"corrupt": MANY}, {"corrupt": 0}, _wrong_bytes
    other = "The hub offers another file under each name, with another checksum."
    replacement = "given other files", other, {"edition": 1}, {"edition": 0}, _other_files
    return {
        "an outage of the model hub": partial(ModelHubFault, *outage),
        "a bandwidth limit of the model hub": partial(ModelHubFault, *bandwidth),
        "corruption of model downloads": partial(ModelHubFault, *corruption),
        "a replacement of the model files": partial(ModelHubFault, *replacement),
    }


def _usual_seconds(hub: ModelHubClient) -> float:
    """The time of one download without a limit. Raises ClientError for a hub that is as slow as with one."""
    model, size = _sample(hub)
    for _ in range(MOST_SAMPLES):
        if (seconds := _download_seconds(hub, model)) < LIMIT_SHARE * size / SLOW_BYTES_PER_SECOND:
            return seconds
    raise ClientError(
        f"expected: a download of {size} bytes in less than {LIMIT_SHARE * size / SLOW_BYTES_PER_SECOND:.3f} s before the injection\n"
        f"actual: {seconds:.3f} s\nnext: repeat the run on a less busy machine"
    )


def _sample_seconds(hub: ModelHubClient) -> tuple[int, float]:
    """The size of a sample in bytes, and the time of its fastest download."""
    model, size = _sample(hub)
    return size, min(_download_seconds(hub, model) for _ in range(SAMPLES))


def _sample(hub: ModelHubClient) -> tuple[str, int]:
    """The smallest model of at least SAMPLE_BYTES, else the smallest one; its size in bytes."""
    sizes = {model: int(offer["size_bytes"]) for model, offer in hub.offers().items()}
    large = {model: size for model, size in sizes.items() if size >= SAMPLE_BYTES} or sizes
    return min(large.items(), key=lambda item: item[1])


def _download_seconds(hub: ModelHubClient, model: str) -> float:
    begun = time.monotonic()
    hub.download(model)
    return time.monotonic() - begun


def _hub(fault_target: FaultTarget) -> ModelHubClient:
    if fault_target.node.service != HUB:
        raise ClientError(
            f"expected: a model hub\nactual: {fault_target.name} is a node of {fault_target.node.service}\nnext: name the hub"
        )
    return ModelHubClient(fault_target.node.url, fault_target.stack.secrets.token)
