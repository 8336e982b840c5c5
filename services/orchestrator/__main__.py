"""Command line: `python -m services.orchestrator --config FILE --set key=value`. Exits with 2 if a setting is wrong."""

from __future__ import annotations

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # The imports leave little garbage. `service.run` enables the collector.

from services import config, service
from services.orchestrator.api import openai_routes
from services.orchestrator.api.routes import routes
from services.orchestrator.gateway import build
from services.orchestrator.lifecycle import OrchestratorHooks
from services.orchestrator.settings import Settings, problem


def main() -> None:
    """Run the orchestrator until SIGTERM, SIGINT or a stop request."""
    settings = config.load_or_exit(Settings, "orchestrator")
    if reason := problem(settings):
        sys.stderr.write(f"services.orchestrator: bad settings\n  {reason}\n")
        raise SystemExit(2)
    service.report_settings_accepted("orchestrator", settings)
    gateway = build(settings)
    service.run(gateway.service, OrchestratorHooks(gateway), routes(gateway), is_public=openai_routes.is_client_path)


if __name__ == "__main__":
    main()
