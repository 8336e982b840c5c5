"""What a harness that was killed left on the engine and on this machine."""

from __future__ import annotations

from sample_project import Going

from hivecheck.platforms.docker import engine

SMALL = "@integration @topology.small"


def left_of(going: Going) -> list[str]:
    """Containers in any state, networks, and processes (watchdog included) of the run."""
    if not going.run_id:
        return []
    client = engine.connect()
    try:
        label = {"label": f"{engine.RUN}={going.run_id}"}
        networks = [f"network {network['Name']}" for network in client.api.networks(filters=label)]
        return [str(item["Names"]) for item in engine.containers(client, going.run_id)] + networks + going.left()
    finally:
        client.close()
