"""Settings of the worker simulator. Latencies in seconds, lengths in tokens."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from services import config

SERVICE = "worker"

Count = Annotated[int, msgspec.Meta(ge=0, description="a whole number, 0 or more")]
PositiveCount = Annotated[int, msgspec.Meta(ge=1, description="a whole number, 1 or more")]
Share = Annotated[float, msgspec.Meta(ge=0, le=10, description="a share, 0 or more (0.1 is 10 %)")]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1, description="a share from 0 to 1 (0.1 is 10 %)")]
Factor = Annotated[float, msgspec.Meta(ge=1, le=1000, description="a factor, 1 or more")]
PortOrNone = Annotated[int, msgspec.Meta(ge=0, le=65535, description="a TCP port; 0 means no listener")]
ModelName = Annotated[str, msgspec.Meta(min_length=1, max_length=256, description="a model's name, not empty")]

# `sick`: health and readiness say no while requests are served; `well`: they say yes, whatever is the case.
FalseHealth = Literal["honest", "sick", "well"]


class WorkerSettings(config.CommonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token's time: `ttft + prefill x prompt tokens` for the first, `itl + slope x running` for each further one.

    Every such time is multiplied by a factor with mean 1 and standard deviation `jitter_fraction`, never below 0 and never further
    from 1 than `jitter_clamp_fraction`; and by one that grows with the load, from 1 for one running request to `load_factor` with
    all slots taken. `fault` has the syntax of X-Simulate and is met by the share `fault_share` of the requests that bring none.

    A prompt's tokens that its session has in the prefix cache take no prefill. A request's session is named by the first of
    `session_headers` that is there, else by `session_id` in its body; `prefix_cache_tokens` are kept for all sessions together.

    Loading the model fills `weights_mib` of memory for good. An answer takes `accelerator_kib_per_token` of `accelerator_mib` for as long
    as it runs, for its prompt and its longest length; what does not fit gets 507. With `memory_mib` one whose tokens, at
    `memory_kib_per_token`, would take the process beyond that gets 503.

    After `requests_per_connection` requests (0: never) a connection is cut at its next request, unread, as if it had just been closed.
    """

    models: tuple[ModelName, ...] = ()
    ttft_seconds: config.Seconds = 0.0
    prefill_seconds_per_token: config.Seconds = 0.0
    itl_seconds: config.Seconds = 0.0
    itl_slope_seconds: config.Seconds = 0.0
    jitter_fraction: Share = 0.0
    jitter_clamp_fraction: Share = 10.0
    load_factor: Factor = 1.0
    seed: int = 0
    session_headers: tuple[str, ...] = ("X-Session-ID",)
    prefix_cache_tokens: Count = 100_000
    max_num_seqs: PositiveCount = 8
    max_waiting: Count = 64
    startup_seconds: config.Seconds = 0.0
    weights_mib: Count = 0
    accelerator_mib: Count = 0
    accelerator_kib_per_token: PositiveCount = 1
    memory_mib: Count = 0
    memory_kib_per_token: PositiveCount = 1
    default_output_tokens: PositiveCount = 16
    max_output_tokens: PositiveCount = 8192
    simulate_header: bool = False
    fault: str = ""
    fault_share: Probability = 1.0
    health: FalseHealth = "honest"
    ignore_sigterm: bool = False
    admin_port: PortOrNone = 0
    requests_per_connection: Count = 0
    exit_with_parent: bool = False


def load_or_exit(argv: Sequence[str] | None = None) -> WorkerSettings:
    """The worker's settings; a bad one prints its message and ends the process with exit code 2."""
    settings = config.load_or_exit(WorkerSettings, SERVICE, argv)
    try:
        must_fit_together(settings)
    except config.SettingsError as error:
        sys.stderr.write(f"services.{SERVICE}: bad settings\n  {error}\n")
        raise SystemExit(2) from None
    return settings


def must_fit_together(settings: WorkerSettings, input_fd: int = 0) -> None:
    """Raise SettingsError for what no single value shows: an open admin listener, a parent that cannot be watched."""
    if settings.admin_port and not settings.token:
        raise config.SettingsError(f"admin_port = {settings.admin_port}: needs a token; set one, or admin_port = 0")
    if settings.admin_port == settings.port:
        raise config.SettingsError(f"admin_port = {settings.admin_port}: the same as port; give it its own, or 0")
    if settings.exit_with_parent and not _is_pipe(input_fd):
        raise config.SettingsError("exit_with_parent = true: needs standard input to be a pipe whose other end the parent holds")


def _is_pipe(fd: int) -> bool:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
