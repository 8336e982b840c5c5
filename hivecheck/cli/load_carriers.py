"""The carriers of `hivecheck load --carriers`: opened with labels and a watchdog, so that a run leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence

from hivecheck.cleanup.watchdog import Watchdog
from hivecheck.load.carriers.carrier import Carrier
from hivecheck.load.carriers.local import Local
from hivecheck.load.carriers.words import DOCKER, Place
from hivecheck.process_labels import Ownership
from hivecheck.settings import KEPT_FOLDER, Settings
from hivecheck.wording import Say


@contextlib.contextmanager
def opened(places: Sequence[Place], settings: Settings, say: Say) -> Iterator[list[Carrier]]:
    """A carrier for each shard; those of one place are the same. Raises HivecheckError for one that cannot be used."""
    if not places:
        yield []
        return
    run_id = f"load-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    ownership = Ownership.of_this_process(run_id, settings.report_dir / KEPT_FOLDER)
    contexts = sorted({place.context for place in places if place.kind == DOCKER})
    with contextlib.ExitStack() as stack:
        watchdog = Watchdog(run_id, "process", contexts)
        stack.callback(watchdog.dismiss)
        carriers: list[Carrier] = []
        for place in places:
            carrier = _carrier(place, settings, ownership, say)
            stack.callback(carrier.close)
            carriers += [carrier] * place.count
        yield carriers


def _carrier(place: Place, settings: Settings, ownership: Ownership, say: Say) -> Carrier:
    run_id = ownership.run_id
    if place.kind != DOCKER:
        return Local(ownership.environment(run_id, ""))
    # Not at the top: the SDK takes a while to import.
    from hivecheck.images import load_image
    from hivecheck.load.carriers.containers import Containers
    from hivecheck.platforms.docker import engine

    return Containers(place.context, load_image.on_context(settings, place.context, say), engine.labels(ownership, run_id))
