"""Settings of a hive: its workers, their backend, restarts, probes and provisioning."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from services import wire
from services.bodies import NAME_FORM, NAME_PATTERN
from services.config import CommonSettings, HttpUrl, Name, PositiveSeconds, Seconds, SettingsError

Count = Annotated[int, msgspec.Meta(ge=0, description="a whole number, 0 or more")]
PositiveCount = Annotated[int, msgspec.Meta(ge=1, description="a whole number, 1 or more")]
Factor = Annotated[float, msgspec.Meta(ge=1, description="a factor, 1 or more")]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1, description="a fraction, 0 to 1")]

DEFAULT_COMMAND = ("{python}", "-m", "services.worker")
DEFAULT_ARGS = (
    *("--set", "name={id}"),
    *("--set", "host={host}"),
    *("--set", "port={port}"),
    *("--set", "models={models}"),
    *("--set", "data_dir={data_dir}"),
    *("--set", "exit_with_parent=true"),
)
DEFAULT_ENV = {"WORKER_TOKEN": "{token}"}  # Not an argument, because every local user can read arguments in /proc.


class RestartSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hive waits `base_seconds` before a restart, and `factor` times as long after each further crash in a row.

    `cap_seconds` limits the wait, and `jitter_fraction` varies it. A worker that was alive for `stable_seconds` has a clean record
    again. After `max_restarts` in a row it is fatal.
    """

    policy: Literal["never", "on-failure", "always"] = "on-failure"
    base_seconds: Seconds = 0.5
    factor: Factor = 2.0
    cap_seconds: Seconds = 30.0
    jitter_fraction: Fraction = 0.1
    stable_seconds: Seconds = 10.0
    max_restarts: Count = 5


class BackendSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The program of a worker. Placeholders: {python} {id} {host} {port} {models} {model} {data_dir} {token}."""

    command: tuple[str, ...] = DEFAULT_COMMAND
    args: tuple[str, ...] = DEFAULT_ARGS
    env: dict[str, str] = msgspec.field(default_factory=lambda: dict(DEFAULT_ENV))


class AttachSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worker that the hive does not start. Clients reach it directly at `url`."""

    id: Name
    url: HttpUrl


class ProvisioningSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hive downloads models on demand from the hub at `hub_url`. Without `hub_url` it has no catalogue. Sizes are in bytes.

    A model fails after `attempts` failures in a row, or after as many files with a wrong checksum.
    The next request after `failed_seconds` starts it again. The wait between attempts is `backoff_seconds` and doubles each time.
    `backoff_cap_seconds` limits it, and a longer Retry-After from the hub wins.
    A hub that sends nothing for `stall_seconds` has failed. `reserve_bytes` of the disk stay free.
    """

    hub_url: HttpUrl | None = None
    attempts: PositiveCount = 4
    backoff_seconds: Seconds = 0.25
    backoff_cap_seconds: Seconds = 10.0
    stall_seconds: PositiveSeconds = 20.0
    failed_seconds: PositiveSeconds = 10.0
    listing_seconds: Seconds = 2.0
    inspect_seconds: PositiveSeconds = 1.0
    reserve_bytes: Count = 16 * 1024 * 1024
    worker_args: tuple[str, ...] = ()


class HiveSettings(CommonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one hive. `restart` and `backend` hold for all its workers.

    A worker is hung after `probe_failures` failed probes in a row, or after a silence of that many times `probe_timeout_seconds`.

    A worker must answer for its models within `start_deadline_seconds` of its start. It must not be hung for `hang_restart_seconds`.
    Else the hive restarts it like a crashed worker. A full queue does not make a worker unhealthy.
    """

    registry_url: HttpUrl
    heartbeat_interval_seconds: PositiveSeconds = 1.0
    probe_interval_seconds: PositiveSeconds = 0.5
    probe_timeout_seconds: PositiveSeconds = 0.8
    probe_failures: PositiveCount = 2
    start_deadline_seconds: PositiveSeconds = 600.0
    hang_restart_seconds: PositiveSeconds = 60.0
    stop_grace_seconds: Seconds = 5.0
    connect_seconds: PositiveSeconds = 2.0
    first_byte_seconds: PositiveSeconds = 60.0
    idle_seconds: PositiveSeconds = 30.0
    restart: RestartSettings = RestartSettings()
    backend: BackendSettings = BackendSettings()
    provisioning: ProvisioningSettings = ProvisioningSettings()
    workers: tuple[wire.WorkerSpec, ...] = ()
    attach: tuple[AttachSettings, ...] = ()


def named(settings: HiveSettings) -> tuple[wire.WorkerSpec, ...]:
    """The configured workers, each with its own id or `<hive>-w<n>`. Raises SettingsError for invalid or duplicate ids."""
    workers = tuple(
        spec if spec.id else msgspec.structs.replace(spec, id=f"{settings.name}-w{number}")
        for number, spec in enumerate(settings.workers, start=1)
    )
    taken = {settings.name: "the hive's own name"}
    for place, identifier in _ids(workers, settings.attach):
        if not NAME_PATTERN.fullmatch(identifier):
            raise SettingsError(f"{place}.id = {identifier!r}: expected {NAME_FORM}")
        if identifier in taken:
            raise SettingsError(f"{place}.id = {identifier!r}: is already {taken[identifier]}; every id must be unique")
        taken[identifier] = f"{place}.id"
    return workers


def _ids(workers: tuple[wire.WorkerSpec, ...], attached: tuple[AttachSettings, ...]) -> list[tuple[str, str]]:
    own = [(f"workers.{index}", spec.id or "") for index, spec in enumerate(workers)]
    return own + [(f"attach.{index}", other.id) for index, other in enumerate(attached)]
