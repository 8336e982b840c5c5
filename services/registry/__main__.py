"""`python -m services.registry`: assembles the registry and serves it."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # The imports leave little garbage. `service.run` enables the collector.

from services.config import load_or_exit
from services.registry.metrics import RegistryCollector
from services.registry.registry import Registry
from services.registry.routes import routes
from services.registry.settings import RegistrySettings
from services.service import ServiceContext, report_settings_accepted, run


def main() -> None:
    """Serve until a stop request."""
    settings = load_or_exit(RegistrySettings, "registry")
    report_settings_accepted("registry", settings)
    registry = Registry(settings)
    context = ServiceContext("registry", settings)
    context.metrics.register(RegistryCollector(registry))
    run(context, registry, routes(context, registry))


if __name__ == "__main__":
    main()
