"""`python -m services.worker --config FILE --set key=value`: assembles one simulated worker and serves it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    gc.disable()  # The imports leave little garbage. `service.run` enables the collector.

from services import service
from services.worker import parent, settings
from services.worker.behaviour import BehaviourError
from services.worker.generation import Generator
from services.worker.injected_faults import InjectedFaults, configured_faults
from services.worker.journal import Journal
from services.worker.lifecycle import WorkerHooks
from services.worker.metrics import Meters
from services.worker.request_handler import RequestHandler
from services.worker.routes import is_public, routes
from services.worker.settings import WorkerSettings
from services.worker.slots import Slots


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until a stop request. Exit codes: 0 stopped, 2 invalid settings, 3 port in use."""
    chosen = settings.load_or_exit(argv)
    # Before the model loads: a hive that dies meanwhile must leave no orphan.
    if chosen.exit_with_parent:
        parent.die_with()
    injected_faults = _faults_or_exit(chosen)
    journal = _journal_or_exit(chosen)
    service.report_settings_accepted(settings.SERVICE, chosen)
    context = service.ServiceContext(settings.SERVICE, chosen)
    slots = Slots(chosen.max_num_seqs, chosen.max_waiting)
    meters = Meters(context.metrics, chosen.models, slots)
    request_handler = RequestHandler(context, chosen, journal, Generator(chosen, slots, meters), injected_faults)
    # Before the port opens, so no line of this incarnation precedes its `started`.
    request_handler.journal.started()
    service.run(context, WorkerHooks(request_handler, slots), routes(request_handler, slots), is_public=is_public)


def _journal_or_exit(chosen: WorkerSettings) -> Journal:
    try:
        return Journal(Path(chosen.data_dir), chosen.name)
    except OSError as error:
        raise _bad_setting(f"data_dir = {chosen.data_dir}: cannot be written ({error.strerror})") from None


def _faults_or_exit(chosen: WorkerSettings) -> InjectedFaults:
    try:
        return configured_faults(chosen)
    except BehaviourError as error:
        raise _bad_setting(f"fault = {chosen.fault!r}: {error}") from None


def _bad_setting(words: str) -> SystemExit:
    sys.stderr.write(f"services.worker: bad settings\n  {words}\n")
    return SystemExit(2)


if __name__ == "__main__":
    main()
