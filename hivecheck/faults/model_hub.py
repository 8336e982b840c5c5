"""What hives fetch models from is down, slow, or sends wrong bytes. Strikes a model hub, and is seen by downloading from it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from hivecheck.clients.model_hub import ModelHubClient
from hivecheck.errors import ClientError
from hivecheck.faults.fault import Fault, FaultTarget

HUB = "model_hub"
# Slow enough to strike in the middle of a download of some MiB, fast enough to wait for its end.
SLOW_BYTES_PER_SECOND = 1024 * 1024
SAMPLE_BYTES = 32 * 1024  # at least so much is downloaded to see how fast the hub is: at that pace 31 ms
SAMPLES, MOST_SAMPLES = 3, 20  # the quickest of them counts: a busy machine makes one slow, the ordered pace makes all slow
PACE_SHARE = 0.7  # of the time that the ordered pace takes: nobody waits after the last of its pieces
MANY = 10_000


@dataclass
class ModelHubFault:
    """`orders` are those of the hub's admin API, `cure` undoes them; `sign` is what a client of the hub sees of it.

    It downloads, too: what the hub is to do wrong once must be ordered after the strike.
    """

    act: str
    description: str
    orders: Mapping[str, Any]
    cure: Mapping[str, Any]
    sign: Callable[[ModelHubClient, float], str | None]
    requires: frozenset[str] = frozenset()
    _usual_seconds: float = 0.0

    def inject(self, fault_target: FaultTarget) -> None:
        with _hub(fault_target) as hub:
            self._usual_seconds = _usual_seconds(hub)
            hub.order(**self.orders)

    def effect(self, fault_target: FaultTarget) -> str | None:
        with _hub(fault_target) as hub:
            return self.sign(hub, self._usual_seconds)

    def remove(self, fault_target: FaultTarget) -> None:
        with _hub(fault_target) as hub:
            hub.order(**self.cure)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return self.effect(fault_target)


def _is_down(hub: ModelHubClient, _: float) -> str | None:
    status = hub.ask("GET", "/models").status
    return f"it answers {status}" if status == 503 else None


def _is_slow(hub: ModelHubClient, usual_seconds: float) -> str | None:
    size, seconds = _sample_seconds(hub)
    least = PACE_SHARE * size / SLOW_BYTES_PER_SECOND
    is_slow = seconds >= least > usual_seconds
    return f"{size} bytes took {seconds:.3f} s, before {usual_seconds:.3f} s" if is_slow else None


def _is_wrong(hub: ModelHubClient, _: float) -> str | None:
    model, offer = min(hub.offers().items(), key=lambda item: int(item[1]["size_bytes"]))
    actual = hashlib.sha256(hub.download(model)).hexdigest()
    return f"{model} came with checksum {actual[:8]}..., offered is {offer['sha256'][:8]}..." if actual != offer["sha256"] else None


def source_faults() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS."""
    outage = "taken down", "It answers every request with 503.", {"is_down": True}, {"is_down": False}, _is_down
    slow, fast = {"bytes_per_second": SLOW_BYTES_PER_SECOND}, {"bytes_per_second": 0}
    slowness = "slowed down", "Downloads get 1 MiB a second.", slow, fast, _is_slow
    wrong = "What is downloaded has another checksum than what is offered."
    corruption = "made to send wrong bytes", wrong, {"corrupt": MANY}, {"corrupt": 0}, _is_wrong
    return {
        "an outage of the model hub": partial(ModelHubFault, *outage),
        "a bandwidth limit of the model hub": partial(ModelHubFault, *slowness),
        "corruption of model downloads": partial(ModelHubFault, *corruption),
    }


def _usual_seconds(hub: ModelHubClient) -> float:
    """How long a sample takes at most as long as nobody orders a pace. Raises ClientError for a hub that is no quicker than slow."""
    model, size = _sample(hub)
    for _ in range(MOST_SAMPLES):
        if (seconds := _download_seconds(hub, model)) < PACE_SHARE * size / SLOW_BYTES_PER_SECOND:
            return seconds
    raise ClientError(f"the hub takes {seconds:.3f} s for {size} bytes before anything is done to it: nobody could tell that it is slow")


def _sample_seconds(hub: ModelHubClient) -> tuple[int, float]:
    """The size of a sample in bytes, and how long it takes at best."""
    model, size = _sample(hub)
    return size, min(_download_seconds(hub, model) for _ in range(SAMPLES))


def _sample(hub: ModelHubClient) -> tuple[str, int]:
    """The smallest model that is large enough to tell, else any; its size in bytes."""
    sizes = {model: int(offer["size_bytes"]) for model, offer in hub.offers().items()}
    large = {model: size for model, size in sizes.items() if size >= SAMPLE_BYTES} or sizes
    return min(large.items(), key=lambda item: item[1])


def _download_seconds(hub: ModelHubClient, model: str) -> float:
    begun = time.monotonic()
    hub.download(model)
    return time.monotonic() - begun


def _hub(fault_target: FaultTarget) -> ModelHubClient:
    if fault_target.node.service != HUB:
        raise ClientError(f"{fault_target.name} is no {HUB}: nobody fetches models from it")
    return ModelHubClient(fault_target.node.url, fault_target.stack.secrets.token)
