"""Memory admission: answers reserve memory in the simulated accelerator and in the worker's process."""

from __future__ import annotations

import pytest

from services.api_errors import ApiError
from services.worker.memory_admission import MemoryAdmission
from services.worker.settings import WorkerSettings


def admission(**settings: int) -> MemoryAdmission:
    return MemoryAdmission(WorkerSettings(name="w", port=1, token="", **settings))


def test_accelerator_full() -> None:
    """A full accelerator gives 507, and frees the memory afterwards."""
    small = admission(accelerator_mib=1, accelerator_kib_per_token=64)
    with small.reserved(10), small.reserved(6):
        assert small.taken_kib == 1024
        with pytest.raises(ApiError, match=r"needed: 0.1 MiB, free: 0.0 of 1 MiB") as refused, small.reserved(1):
            pass
    assert (refused.value.code, refused.value.status, small.taken_kib) == ("insufficient_storage", 507, 0)
    with small.reserved(16):
        assert small.taken_kib == 1024


def test_released_after_failure() -> None:
    """A failed answer releases its memory."""
    small = admission(accelerator_mib=1)
    with pytest.raises(ValueError), small.reserved(5):
        raise ValueError
    assert small.taken_kib == 0


def test_memory_full() -> None:
    """A request beyond the memory limit gets 503 with Retry-After."""
    full = admission(memory_mib=1)
    with pytest.raises(ApiError, match="Not enough memory") as refused, full.reserved(1):
        pass
    assert (refused.value.code, refused.value.status, refused.value.headers["Retry-After"]) == ("not_enough_memory", 503, "1")


def test_need_depends_on_tokens() -> None:
    """The needed memory depends on the tokens."""
    ample = admission(memory_mib=4096, memory_kib_per_token=1024)
    with ample.reserved(10):
        pass
    with pytest.raises(ApiError), ample.reserved(5000):
        pass


def test_no_limits() -> None:
    """Without limits every answer fits."""
    with admission().reserved(1_000_000_000):
        pass
