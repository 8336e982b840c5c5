"""`python -m services.hive`: assembles a hive and serves it."""

from __future__ import annotations

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # The imports leave little garbage. `service.run` enables the collector.

from services import wire
from services.config import SettingsError, load_or_exit
from services.hive.hive import Hive
from services.hive.provisioning_routes import add_provisioning_routes
from services.hive.relay_routes import Relay, relay_routes
from services.hive.report import HiveCollector
from services.hive.routes import add_routes
from services.hive.settings import HiveSettings, named
from services.service import ServiceContext, report_settings_accepted, run


def main() -> None:
    """Serve until a stop request."""
    settings = load_or_exit(HiveSettings, "hive")
    workers = _named_or_exit(settings)
    report_settings_accepted("hive", settings)
    context = ServiceContext("hive", settings)
    hive = Hive(context, settings, workers)
    carrier = Relay(context, settings, hive.pools)
    context.metrics.register(HiveCollector(hive.supervisor, carrier.outcomes))
    table = relay_routes(hive.supervisor, carrier)
    add_routes(table, context, settings, hive.supervisor)
    if hive.provisioning:
        add_provisioning_routes(table, context, hive.provisioning)
    run(context, hive, table)


def _named_or_exit(settings: HiveSettings) -> tuple[wire.WorkerSpec, ...]:
    try:
        return named(settings)
    except SettingsError as error:
        sys.stderr.write(f"services.hive: bad settings\n  {error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
