"""What a harness that was killed left on the engine and on this machine."""

from __future__ import annotations

from sample_project import Going

from hivecheck.platforms import docker_engine

SMALL = "@integration @topology.small"


def left_of(going: Going) -> list[str]:
    """Containers in any state, networks, and processes (watchdog included) of the run."""
    if not going.run_id:
        return []
    client = docker_engine.connect()
    try:
        label = {"label": f"{docker_engine.RUN}={going.run_id}"}
        networks = [f"network {network['Name']}" for network in client.api.networks(filters=label)]
        return [str(item["Names"]) for item in docker_engine.containers(client, going.run_id)] + networks + going.left()
    finally:
        client.close()
