"""`python -m services.registry`: puts the registry together and serves it."""

from __future__ import annotations

from services import logs
from services.config import load_or_exit
from services.registry.metrics import RegistryCollector
from services.registry.registry import Registry
from services.registry.routes import routes
from services.registry.settings import RegistrySettings
from services.service import ServiceContext, run


def main() -> None:
    """Serve until told to stop."""
    settings = load_or_exit(RegistrySettings, "registry")
    logs.configure("registry", settings.name)
    registry = Registry(settings)
    frame = ServiceContext("registry", settings)
    frame.metrics.register(RegistryCollector(registry))
    run(frame, registry, routes(frame, registry))


if __name__ == "__main__":
    main()
