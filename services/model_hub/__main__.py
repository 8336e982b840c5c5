"""`python -m services.model_hub`: assembles a model hub and serves it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

if __name__ == "__main__":
    gc.disable()  # The imports leave little garbage. `service.run` enables the collector.

from services.config import load_or_exit
from services.model_hub.hub import ModelHub
from services.model_hub.journal import Journal
from services.model_hub.routes import routes
from services.model_hub.settings import ModelHubSettings
from services.service import ServiceContext, report_settings_accepted, run


def main() -> None:
    """Serve until a stop request."""
    settings = load_or_exit(ModelHubSettings, "model_hub")
    journal = _journal_or_exit(settings)
    report_settings_accepted("model_hub", settings)
    context = ServiceContext("model_hub", settings)
    hub = ModelHub(context, settings, journal)
    run(context, hub, routes(hub))


def _journal_or_exit(settings: ModelHubSettings) -> Journal:
    try:
        return Journal(Path(settings.data_dir), settings.name)
    except OSError as error:
        sys.stderr.write(f"services.model_hub: bad settings\n  data_dir = {settings.data_dir}: cannot be written ({error.strerror})\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
