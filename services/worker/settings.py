"""Settings of the worker simulator. Latencies are in seconds, lengths in tokens."""

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

# `sick`: health and readiness checks fail while requests are served. `well`: they always succeed.
FalseHealth = Literal["honest", "sick", "well"]


class WorkerSettings(config.CommonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token's time: `ttft + prefill x prompt tokens` for the first, `itl + slope x running` for each further one.

    Two factors multiply every such time. The jitter factor has mean 1 and standard deviation `jitter_fraction`. It differs from 1 by at
    most `jitter_clamp_fraction` and is never negative. The load factor grows from 1 for one running request to `load_factor` with all
    slots in use.

    `fault` has the syntax of X-Simulate. It applies to the fraction `fault_share` of the requests without a behaviour of their own.

    Prompt tokens in the prefix cache of the session need no prefill. The first present header of `session_headers` names the session,
    else `session_id` in the body. All sessions together keep `prefix_cache_tokens`.

    Loading the model allocates `weights_mib` of memory permanently. A running answer takes `accelerator_kib_per_token` of
    `accelerator_mib` for each token of its prompt and its maximum length. An answer that does not fit gets 507.
    With `memory_mib`, an answer gets 503 if its tokens would exceed that limit at `memory_kib_per_token`.

    After `requests_per_connection` requests (0: unlimited) the worker aborts the connection at its next request, unread.
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
    """The worker's settings. An invalid setting prints its message and ends the process with exit code 2."""
    settings = config.load_or_exit(WorkerSettings, SERVICE, argv)
    try:
        must_fit_together(settings)
    except config.SettingsError as error:
        sys.stderr.write(f"services.{SERVICE}: bad settings\n  {error}\n")
        raise SystemExit(2) from None
    return settings


def must_fit_together(settings: WorkerSettings, input_fd: int = 0) -> None:
    """Raise SettingsError for combinations that are invalid: an admin port without a token, a parent without a pipe."""
    # The admin port can crash the worker, so it never opens to callers without a token.
    if settings.admin_port and not settings.token:
        raise config.SettingsError(f"admin_port = {settings.admin_port}: needs a token; set one, or admin_port = 0")
    if settings.admin_port == settings.port:
        raise config.SettingsError(f"admin_port = {settings.admin_port}: the same as port; use another port, or 0")
    if settings.exit_with_parent and not _is_pipe(input_fd):
        raise config.SettingsError("exit_with_parent = true: needs a pipe to the parent as standard input")


def _is_pipe(fd: int) -> bool:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
