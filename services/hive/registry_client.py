"""Client of the registry's HTTP API. Each call is one attempt, and the registrar retries."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
import msgspec
from yarl import URL

from services import wire
from services.hive.http_pools import HttpPools


@dataclass
class RegistryError(Exception):
    """A call failed. `code` is the registry's error code, or `unreachable`."""

    code: str
    detail: str

    def __post_init__(self) -> None:
        super().__init__(f"{self.code}: {self.detail}")


class _Epoch(msgspec.Struct, frozen=True):
    epoch: int


class RegistryClient:
    """Every method raises RegistryError."""

    def __init__(self, pools: HttpPools, url: str, token: str, timeout_seconds: float) -> None:
        self._pools = pools
        self._services = URL(url) / "services"
        self._headers = {wire.CLUSTER_TOKEN: token, "Content-Type": "application/json"}
        self._limit = aiohttp.ClientTimeout(total=timeout_seconds)

    async def register(self, registration: wire.Registration) -> None:
        await self._call("POST", self._services, msgspec.json.encode(registration))

    async def heartbeat(self, identifier: str, heartbeat: wire.Heartbeat) -> None:
        await self._call("PUT", self._services / identifier / "heartbeat", msgspec.json.encode(heartbeat))

    async def deregister(self, identifier: str, epoch: int) -> None:
        await self._call("DELETE", (self._services / identifier).with_query(epoch=epoch))

    async def epoch_of(self, identifier: str) -> int:
        """The registered epoch, or 0 if the id is not registered."""
        try:
            return msgspec.json.decode(await self._call("GET", self._services / identifier), type=_Epoch).epoch
        except RegistryError as error:
            if error.code == "not_found":  # Any epoch exceeds 0, so the next registration succeeds.
                return 0
            raise

    async def _call(self, method: str, url: URL, body: bytes | None = None) -> bytes:
        try:
            async with self._pools.control.request(method, url, data=body, headers=self._headers, timeout=self._limit) as response:
                text = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RegistryError("unreachable", str(error) or type(error).__name__) from error
        if status >= 300:
            raise _refusal(status, text)
        return text


def _refusal(status: int, text: bytes) -> RegistryError:
    try:
        detail = msgspec.json.decode(text, type=wire.ErrorBody).error
    except msgspec.DecodeError:
        # A proxy in between may answer in HTML.
        return RegistryError(f"http_{status}", text[:200].decode(errors="replace"))
    return RegistryError(detail.code or f"http_{status}", detail.message)
