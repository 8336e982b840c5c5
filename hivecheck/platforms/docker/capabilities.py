"""What the engine can do to a container beyond signals: pause it, limit it, disconnect it, measure it. Judges nothing."""

from __future__ import annotations

from typing import Any

from docker.errors import APIError

from hivecheck.errors import ClientError
from hivecheck.platforms.docker import kernel
from hivecheck.platforms.docker.network import Place
from hivecheck.platforms.docker.packets import DockerPackets
from hivecheck.platforms.platform import PacketControl, Usage

NANOSECONDS = 1e9
PERIOD_MICROSECONDS = 20_000  # shorter than the kernel's own 100 ms, so that throttling shows sooner
UNLIMITED_QUOTA = -1


class EngineCapabilities:
    """The capabilities of one container. Each has its removal beside it. Every method raises ClientError when the engine refuses."""

    def __init__(self, api: Any, container: str, place: Place, memory_bytes: int) -> None:
        self._api = api
        self._container = container
        self._place = place
        self._memory_bytes = memory_bytes
        self.packets: PacketControl = DockerPackets(api, container, place.aliases[0])

    def pause_container(self) -> None:
        """Pauses every process (cgroup freezer). Connections stay open."""
        self._do("pause", self._container)

    def resume_container(self) -> None:
        self._do("unpause", self._container)

    def is_container_paused(self) -> bool:
        return bool(self._inspected()["State"]["Paused"])

    def limit_memory(self, memory_bytes: int) -> None:
        """No more than this much memory and no swap. Below what is in use, the engine refuses on cgroup v1."""
        self._do("update_container", self._container, mem_limit=memory_bytes, memswap_limit=memory_bytes)

    def restore_memory(self) -> None:
        self.limit_memory(self._memory_bytes)

    def is_memory_limited(self) -> bool:
        return int(self._inspected()["HostConfig"]["Memory"]) != self._memory_bytes

    def limit_cpu(self, cores: float) -> None:
        """No more than this share of one core, e.g. 0.1."""
        self._do("update_container", self._container, cpu_period=PERIOD_MICROSECONDS, cpu_quota=int(cores * PERIOD_MICROSECONDS))

    def restore_cpu(self) -> None:
        self._do("update_container", self._container, cpu_period=PERIOD_MICROSECONDS, cpu_quota=UNLIMITED_QUOTA)

    def is_cpu_limited(self) -> bool:
        return int(self._inspected()["HostConfig"].get("CpuQuota") or UNLIMITED_QUOTA) > 0

    def throttled_periods(self) -> int:
        """Where the kernel shows its control group here, it tells at once; the engine tells up to a second later."""
        reply = dict(line.split() for line in (self.control_file("cpu.stat") or "").splitlines())
        if "nr_throttled" in reply:
            return int(reply["nr_throttled"])
        return int(self._stats()["cpu_stats"].get("throttling_data", {}).get("throttled_periods", 0))

    def disconnect(self) -> None:
        """Off the stack's network, established connections included; its published port answers no more."""
        self._do("disconnect_container_from_network", self._container, self._place.network, force=True)

    def connect(self) -> None:
        """Back on the stack's network, at its address and under its name: without the alias its peers would look for it in vain."""
        place = self._place
        self._do("connect_container_to_network", self._container, place.network, aliases=place.aliases, ipv4_address=place.address)

    def is_connected(self) -> bool:
        return self._place.network in self._inspected()["NetworkSettings"]["Networks"]

    def usage(self) -> Usage:
        """What the container uses now."""
        reply = self._stats()
        return Usage(
            memory_bytes=int(reply["memory_stats"].get("usage", 0)),
            cpu_seconds=reply["cpu_stats"]["cpu_usage"]["total_usage"] / NANOSECONDS,
            processes=int(reply["pids_stats"].get("current", 0)),
        )

    def commands(self) -> dict[int, str]:
        reply = self._do("top", self._container, ps_args="-eo pid,args")
        return {int(row[0]): row[-1] for row in reply["Processes"] or ()}

    def control_file(self, *names: str) -> str | None:
        return kernel.control_file(self._container, int(self._inspected()["State"]["Pid"]), *names)

    def _inspected(self) -> dict[str, Any]:
        return dict(self._do("inspect_container", self._container))

    def _stats(self) -> dict[str, Any]:
        """The current values. Without `one_shot` the engine takes a second or two to compute a rate as well."""
        return dict(self._do("stats", self._container, stream=False, one_shot=True))

    def _do(self, call: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._api, call)(*arguments, **options)
        except APIError as error:
            raise ClientError(f"{self._place.aliases[0]}: the engine refuses {call} ({error.explanation})") from None
